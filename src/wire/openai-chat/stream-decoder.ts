/**
 * The chunks of a chat completion, from OpenAI or any server that imitates it → answer events.
 *
 * Chunks have no beginning and no end of parts: a part begins with its first text and ends with the
 * first text of another kind. Tool calls stay open until the finish reason, since their pieces may
 * come in turns. The finish waits for `[DONE]`, because the usage may follow it in a chunk of its own.
 */
import { isObject, type JsonObject, type JsonValue } from '#base/json.ts';
import type { AnswerError, AnswerEvent, Part, Usage } from '../exchange.ts';
import { nativeOf } from '../native.ts';
import type { AnswerDecoder } from '../protocol.ts';
import { pruned } from '../shape.ts';
import type { SseEvent } from '../sse.ts';
import { ANSWER_NATIVE, contentParts, madeUpId } from './answer.ts';
import { decodeError } from './failure.ts';
import { decodeFinish } from './finish.ts';
import { ANNOTATIONS, CHAT } from './shapes.ts';
import { StreamedCalls } from './streamed-calls.ts';
import { decodeUsage } from './usage.ts';

type TextKind = 'text' | 'reasoning' | 'refusal';

export class ChatStreamDecoder implements AnswerDecoder {
  #out: AnswerEvent[] = [];
  #id = '';
  #hasStarted = false;
  #isOver = false;
  #nextIndex = 0;
  #openKind: TextKind | undefined;
  #openText = '';
  #openNative: { [key: string]: JsonValue } = {};
  #calls = new StreamedCalls((event) => this.#out.push(event));
  #finishWord: string | undefined;
  #hasRefusal = false;
  #usage: Usage | undefined;
  #dropped = new Set<string>();

  push(event: SseEvent): readonly AnswerEvent[] {
    if (this.#isOver) return [];
    this.#out = [];
    if (event.data.startsWith('[DONE]')) this.#end();
    else {
      const chunk = parsed(event.data);
      if (!chunk) this.#fail('sent an event that is not a JSON object');
      else if (event.event === 'error' || isGiven(chunk['error'])) this.#error(chunk);
      else this.#chunk(chunk);
    }
    return this.#out;
  }

  end(): readonly AnswerEvent[] {
    if (this.#isOver) return [];
    this.#out = [];
    if (this.#finishWord !== undefined) this.#end();
    else this.#fail('broke off in the middle of its answer');
    return this.#out;
  }

  #chunk(chunk: JsonObject): void {
    const choices = chunk['choices'];
    if (!Array.isArray(choices)) {
      // Some servers send counts in a chunk without choices; anything else is no chat completion.
      if (!isObject(chunk['usage'])) return this.#fail('does not speak Chat Completions');
    }
    this.#readTop(chunk);
    for (const choice of (choices ?? []) as readonly JsonValue[]) {
      if (this.#isOver) return;
      if (!isObject(choice)) this.#fail('sent a choice that is not an object');
      else if ((choice['index'] ?? 0) !== 0) this.#dropped.add('choices[1]');
      else this.#choice(choice);
    }
  }

  #readTop(chunk: JsonObject): void {
    const native: { [key: string]: JsonValue } = {};
    for (const key in chunk) {
      const value = chunk[key] as JsonValue;
      switch (key) {
        case 'id':
        case 'object':
        case 'created':
        case 'model':
        case 'choices':
        case 'error':
          break;
        case 'usage':
          this.#usage = decodeUsage(value) ?? this.#usage;
          break;
        case 'x_groq':
          if (isObject(value)) this.#usage ??= decodeUsage(value['usage']);
          break;
        // Padding against guesses from the length of encrypted packets.
        case 'obfuscation':
          break;
        default:
          if (value === null) break;
          if (ANSWER_NATIVE.has(key)) native[key] = value;
          else this.#dropped.add(key);
      }
    }
    if (!this.#hasStarted) this.#start(chunk, native);
  }

  /** Azure's first chunk has neither choices nor id: the start waits for one that has either. */
  #start(chunk: JsonObject, native: { [key: string]: JsonValue }): void {
    const { id, model, created, choices } = chunk as { [key: string]: JsonValue | undefined };
    if (!id && Array.isArray(choices) && choices.length === 0) return;
    this.#hasStarted = true;
    this.#id = typeof id === 'string' && id !== '' ? id : madeUpId();
    this.#out.push({
      type: 'start',
      id: this.#id,
      model: typeof model === 'string' ? model : '',
      createdAt: typeof created === 'number' ? created : undefined,
      native: nativeOf(CHAT, native),
    });
  }

  #choice(choice: JsonObject): void {
    const delta = choice['delta'] ?? choice['message'];
    if (isObject(delta)) this.#delta(delta);
    else if (isGiven(choice['text'])) return this.#fail('speaks the older Completions protocol');
    for (const key in choice) {
      const value = choice[key] as JsonValue;
      switch (key) {
        case 'index':
        case 'delta':
        case 'message':
          break;
        case 'finish_reason':
          if (typeof value === 'string' && !this.#isOver) this.#finishReason(value);
          break;
        case 'logprobs':
          if (isObject(value)) this.#keepLogprobs(value);
          break;
        case 'usage':
          this.#usage ??= decodeUsage(value);
          break;
        default:
          if (value !== null) this.#dropped.add(key);
      }
    }
  }

  #delta(delta: JsonObject): void {
    for (const key in delta) {
      const value = delta[key] as JsonValue;
      if (value === null || this.#isOver) continue;
      switch (key) {
        case 'content':
          if (typeof value === 'string') this.#text('text', value);
          else {
            for (const part of contentParts(value, this.#dropped)) this.#text(part.type, part.text);
          }
          break;
        case 'reasoning_content':
          if (typeof value === 'string') this.#text('reasoning', value);
          break;
        case 'reasoning':
          // Servers in transition send the same text under both names.
          if (typeof value === 'string' && !delta['reasoning_content']) {
            this.#text('reasoning', value);
          }
          break;
        case 'refusal':
          if (typeof value === 'string') this.#text('refusal', value);
          break;
        case 'tool_calls':
          this.#toolCalls(value);
          break;
        case 'function_call':
          this.#toolCalls([{ index: -1, function: value }]);
          break;
        case 'annotations':
          this.#keepAnnotations(value);
          break;
        case 'role':
        case 'index':
          break;
        default:
          this.#dropped.add(`delta.${key}`);
      }
    }
  }

  #text(kind: TextKind, text: string): void {
    if (text === '') return;
    if (this.#openKind !== kind) {
      this.#closeText();
      this.#openKind = kind;
      this.#out.push({
        type: 'part_start',
        index: this.#nextIndex++,
        part: textPart(kind, '', {}),
      });
      if (kind === 'refusal') this.#hasRefusal = true;
      this.#openIndex = this.#nextIndex - 1;
    }
    this.#openText += text;
    this.#out.push({ type: 'part_delta', index: this.#openIndex, text });
  }

  #openIndex = 0;

  #closeText(): void {
    if (this.#openKind === undefined) return;
    const part = textPart(this.#openKind, this.#openText, this.#openNative);
    this.#out.push({ type: 'part_end', index: this.#openIndex, part });
    this.#openKind = undefined;
    this.#openText = '';
    this.#openNative = {};
  }

  #toolCalls(value: JsonValue): void {
    if (!Array.isArray(value)) return this.#fail('sent tool calls that are not a list');
    if (value.length > 0) this.#closeText();
    for (const item of value as readonly JsonValue[]) {
      const problem = this.#calls.add(item, this.#id, () => this.#nextIndex++);
      if (problem !== undefined) return this.#fail(problem);
    }
  }

  #keepLogprobs(value: JsonObject): void {
    if (this.#openKind !== 'text') return;
    const kept = (this.#openNative['logprobs'] ??= { content: null, refusal: null }) as {
      [key: string]: JsonValue;
    };
    for (const key of ['content', 'refusal']) {
      const more = value[key];
      if (!Array.isArray(more)) continue;
      if (Array.isArray(kept[key])) (kept[key] as JsonValue[]).push(...(more as JsonValue[]));
      else kept[key] = [...(more as JsonValue[])];
    }
  }

  #keepAnnotations(value: JsonValue): void {
    if (!Array.isArray(value) || value.length === 0) return;
    if (this.#openKind !== 'text') this.#dropped.add('delta.annotations');
    else {
      const kept = (this.#openNative['annotations'] ?? []) as readonly JsonValue[];
      const more = pruned(value as JsonValue, ANNOTATIONS, 'delta.annotations', this.#dropped);
      this.#openNative['annotations'] = [...kept, ...((more ?? []) as readonly JsonValue[])];
    }
  }

  #finishReason(word: string): void {
    this.#closeText();
    this.#finishWord = word;
    const problem = this.#calls.end();
    if (problem !== undefined) this.#fail(problem);
  }

  #end(): void {
    this.#closeText();
    const problem = this.#hasStarted ? this.#calls.end() : 'ended its answer before it began';
    if (problem !== undefined) return this.#fail(problem);
    this.#isOver = true;
    this.#out.push({
      type: 'finish',
      finish:
        this.#finishWord === undefined
          ? { reason: this.#calls.count > 0 ? 'tool_calls' : 'other' }
          : decodeFinish(this.#finishWord, this.#calls.count > 0, this.#hasRefusal),
      usage: this.#usage,
      dropped: this.#dropped.size === 0 ? undefined : [...this.#dropped],
    });
  }

  #error(chunk: JsonObject): void {
    this.#over(decodeError(200, chunk));
  }

  #fail(why: string): void {
    this.#over({ kind: 'server', message: `The provider ${why}.` });
  }

  #over(error: AnswerError): void {
    this.#isOver = true;
    this.#out.push({ type: 'error', error });
  }
}

function isGiven(value: JsonValue | undefined): boolean {
  return value !== undefined && value !== null;
}

function textPart(kind: TextKind, text: string, fields: { [key: string]: JsonValue }): Part {
  if (kind === 'refusal') return { type: 'refusal', text };
  if (kind === 'reasoning') return { type: 'reasoning', text, native: { protocol: CHAT, fields } };
  return { type: 'text', text, native: nativeOf(CHAT, fields) };
}

function parsed(data: string): JsonObject | undefined {
  try {
    const value = JSON.parse(data) as JsonValue;
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
