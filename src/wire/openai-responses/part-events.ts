/** The events of one part of an item, and the part itself, by its kind. */
import type { JsonObject } from '#base/json.ts';
import type { Part } from '../exchange.ts';
import { fieldsOf } from './items.ts';

export type TextPart = Extract<Part, { type: 'text' | 'refusal' | 'reasoning' }>;

export interface PartNames {
  readonly added: string;
  readonly delta: string;
  readonly done: string;
  readonly partDone: string;
  readonly textKey: 'text' | 'refusal';
}

type PartKind = 'text' | 'refusal' | 'summary_text' | 'reasoning_text';

export const NAMES: Readonly<Record<PartKind, PartNames>> = {
  text: {
    added: 'response.content_part.added',
    delta: 'response.output_text.delta',
    done: 'response.output_text.done',
    partDone: 'response.content_part.done',
    textKey: 'text',
  },
  refusal: {
    added: 'response.content_part.added',
    delta: 'response.refusal.delta',
    done: 'response.refusal.done',
    partDone: 'response.content_part.done',
    textKey: 'refusal',
  },
  summary_text: {
    added: 'response.reasoning_summary_part.added',
    delta: 'response.reasoning_summary_text.delta',
    done: 'response.reasoning_summary_text.done',
    partDone: 'response.reasoning_summary_part.done',
    textKey: 'text',
  },
  reasoning_text: {
    added: 'response.content_part.added',
    delta: 'response.reasoning_text.delta',
    done: 'response.reasoning_text.done',
    partDone: 'response.content_part.done',
    textKey: 'text',
  },
};

export function reasoningKind(own: JsonObject | undefined): 'summary_text' | 'reasoning_text' {
  return own?.['type'] === 'reasoning_text' ? 'reasoning_text' : 'summary_text';
}

export function emptyPart(names: PartNames): JsonObject {
  switch (names) {
    case NAMES.text:
      return { type: 'output_text', annotations: [], logprobs: [], text: '' };
    case NAMES.refusal:
      return { type: 'refusal', refusal: '' };
    default:
      return { type: names === NAMES.summary_text ? 'summary_text' : 'reasoning_text', text: '' };
  }
}

export function encodePart(part: TextPart, names: PartNames): JsonObject {
  if (part.type === 'text') return encodeOutputText(part, part.text);
  return { ...emptyPart(names), [names.textKey]: part.text };
}

export function encodeOutputText(part: Part & { type: 'text' }, text: string): JsonObject {
  const { annotations = [], logprobs = [] } = fieldsOf(part) ?? {};
  return { type: 'output_text', annotations, logprobs, text };
}
