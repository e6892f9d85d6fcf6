/** What this protocol alone keeps in the parts of an exchange. */
import type { JsonObject } from '#base/json.ts';
import type { Native } from '../exchange.ts';
import { ownFieldsOnly } from '../native.ts';

export const GEMINI = 'gemini';

export function native(fields: JsonObject): { native?: Native } {
  for (const _ in fields) return { native: { protocol: GEMINI, fields } };
  return {};
}

export function fieldsOf(part: { readonly native?: Native | undefined }): JsonObject | undefined {
  return ownFieldsOnly(part.native, GEMINI);
}
