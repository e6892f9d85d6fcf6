/** What this protocol alone keeps in the parts of an exchange. */
import type { JsonObject } from '#base/json.ts';
import type { Native, ReasoningPart } from '../exchange.ts';
import { ownFieldsOnly } from '../native.ts';

export const GEMINI = 'gemini';

export function native(fields: JsonObject): { native?: Native } {
  for (const _ in fields) return { native: { protocol: GEMINI, fields } };
  return {};
}

/** Reasoning is this protocol's own even where nothing stands beside its text. */
export function ownReasoning(text: string, fields: JsonObject): ReasoningPart {
  return { type: 'reasoning', text, native: { protocol: GEMINI, fields } };
}

export function fieldsOf(part: { readonly native?: Native | undefined }): JsonObject | undefined {
  return ownFieldsOnly(part.native, GEMINI);
}
