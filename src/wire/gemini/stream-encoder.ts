/**
 * Answer events → chunks as the official SDK reads them: text as it comes, a call whole in one
 * chunk, the finish reason and the counts in the last.
 */
import type { JsonObject, JsonValue } from '#base/json.ts';
import type { AnswerEvent, Part } from '../exchange.ts';
import type { AnswerEncoder } from '../protocol.ts';
import { sseText } from '../sse.ts';
import { encodeEnd, encodePart, encodeUsage } from './answer-encoder.ts';
import { wireErrorOf } from './errors.ts';
import { fieldsOf } from './native.ts';

type Fields = { [key: string]: JsonValue };

interface OpenText {
  readonly isThought: boolean;
  given: number;
}

export class GeminiStreamEncoder implements AnswerEncoder {
  readonly dropped = new Set<string>();
  #tail: JsonObject = {};
  #deltaTail = '';
  #texts = new Map<number, OpenText>();
  #isMalformed = false;
  #isOver = false;

  push(event: AnswerEvent): string {
    if (this.#isOver) return '';
    switch (event.type) {
      case 'part_delta': {
        const open = this.#texts.get(event.index);
        if (!open || event.text === '') return '';
        open.given += event.text.length;
        return this.#delta(open, event.text);
      }
      case 'start': {
        this.#tail = { modelVersion: event.model, responseId: event.id };
        this.#deltaTail = `}],"role":"model"},"index":0}],${JSON.stringify(this.#tail).slice(1)}\n\n`;
        return '';
      }
      case 'part_start':
        if (isText(event.part)) {
          this.#texts.set(event.index, { isThought: event.part.type === 'reasoning', given: 0 });
        }
        return '';
      case 'part_end':
        return this.#endPart(event.index, event.part);
      case 'finish':
        return this.#finish(event);
      case 'error':
        this.#isOver = true;
        return sseText(JSON.stringify(wireErrorOf(event.error)));
    }
  }

  #delta(open: OpenText, text: string): string {
    const thought = open.isThought ? ',"thought":true' : '';
    return `data: {"candidates":[{"content":{"parts":[{"text":${JSON.stringify(text)}${thought}${this.#deltaTail}`;
  }

  #chunk(part: JsonObject): string {
    const content = { parts: [part], role: 'model' };
    return sseText(JSON.stringify({ candidates: [{ content, index: 0 }], ...this.#tail }));
  }

  #endPart(index: number, part: Part): string {
    if (!isText(part)) {
      const encoded = encodePart(part, this.dropped);
      if (encoded) return this.#chunk(encoded);
      if (part.type === 'tool_call') this.#isMalformed = true;
      return '';
    }
    const open = this.#texts.get(index) ?? { isThought: part.type === 'reasoning', given: 0 };
    this.#texts.delete(index);
    const rest = part.text.slice(open.given);
    const fields = part.type === 'refusal' ? undefined : fieldsOf(part);
    if (!fields) return rest === '' ? '' : this.#delta(open, rest);
    // What stands with the end of a text: its signature.
    const thought = open.isThought ? { thought: true } : {};
    return this.#chunk({ text: rest, ...thought, ...fields });
  }

  #finish(event: Extract<AnswerEvent, { type: 'finish' }>): string {
    this.#isOver = true;
    const end = encodeEnd(event.finish, fieldsOf(event), this.#isMalformed);
    const body: Fields = { ...end.response };
    if (!end.isBlocked) {
      // A chunk without a part is not valid to the SDK's chats.
      const content = { parts: [{ text: '' }], role: 'model' };
      body['candidates'] = [{ content, ...end.candidate }];
    }
    if (event.usage) body['usageMetadata'] = encodeUsage(event.usage);
    return sseText(JSON.stringify({ ...body, ...this.#tail }));
  }
}

function isText(part: Part): part is Extract<Part, { type: 'text' | 'refusal' | 'reasoning' }> {
  return part.type === 'text' || part.type === 'refusal' || part.type === 'reasoning';
}
