/**
 * A provider's stream of chunks → answer events. Each chunk is an answer of its own, with what is
 * new; a text goes on from chunk to chunk, a call comes whole or in pieces.
 *
 * https://ai.google.dev/api/generate-content#method:-models.streamgeneratecontent
 */
import { asProvisoError } from '#base/errors.ts';
import { isObject, type JsonObject, type JsonValue, parseProviderJson } from '#base/json.ts';
import type { AnswerEvent, Part, ToolCallPart, Usage } from '../exchange.ts';
import type { AnswerDecoder } from '../protocol.ts';
import type { SseEvent } from '../sse.ts';
import {
  type AnswerContext,
  decodeParts,
  extrasOf,
  finishOf,
  firstCandidate,
  idOf,
  keep,
  madeUpCallId,
  partsOf,
  timeOf,
  usageOf,
} from './answer.ts';
import { errorOf } from './errors.ts';
import { native, ownReasoning } from './native.ts';
import { type PartialArgs, partialArgs } from './partial-args.ts';

type Fields = { [key: string]: JsonValue };

interface OpenText {
  readonly index: number;
  readonly type: 'text' | 'reasoning';
  text: string;
  extras: JsonObject;
}

/** A call whose arguments come in pieces. */
interface OpenCall {
  readonly index: number;
  readonly part: ToolCallPart;
  readonly args: PartialArgs;
  extras: JsonObject;
}

export class GeminiStreamDecoder implements AnswerDecoder {
  #out: AnswerEvent[] = [];
  #next = 0;
  #text: OpenText | undefined;
  #call: OpenCall | undefined;
  #usage: Usage | undefined;
  #usageFields: JsonObject = {};
  #kept: Fields = {};
  #context: AnswerContext = { id: '', dropped: new Set(), madeUp: 0 };
  #reason: JsonValue | undefined;
  #last: JsonObject = {};
  #isBlocked = false;
  #hasCall = false;
  #isStarted = false;
  #isOver = false;

  push(event: SseEvent): readonly AnswerEvent[] {
    if (this.#isOver || event.data === '' || event.data === '[DONE]') return [];
    this.#out = [];
    try {
      const data = parseProviderJson(event.data);
      // Some proxies send the array that the API sends to those who do not ask for events.
      const chunks = Array.isArray(data) ? (data as readonly JsonValue[]) : [data];
      for (const chunk of chunks) if (isObject(chunk) && !this.#isOver) this.#chunk(chunk);
    } catch (thrown) {
      const { publicMessage } = asProvisoError(thrown);
      this.#fail(`The provider sent an event that cannot be read: ${publicMessage}`);
    }
    return this.#out;
  }

  end(): readonly AnswerEvent[] {
    if (this.#isOver) return [];
    this.#out = [];
    if (this.#reason !== undefined || this.#isBlocked) this.#finish();
    else this.#fail('The provider ended the stream before the answer’s end.');
    return this.#out;
  }

  #fail(message: string): void {
    this.#isOver = true;
    this.#out.push({ type: 'error', error: { kind: 'server', message } });
  }

  #chunk(chunk: JsonObject): void {
    if (isObject(chunk['error'])) {
      this.#isOver = true;
      this.#out.push({ type: 'error', error: errorOf(chunk['error']) });
      return;
    }
    const { candidate, isBlocked } = firstCandidate(chunk);
    keep(chunk, candidate, this.#kept, this.#context.dropped);
    if (isObject(chunk['usageMetadata'])) {
      // Early chunks hold a part of the counts only.
      this.#usageFields = { ...this.#usageFields, ...chunk['usageMetadata'] };
      this.#usage = usageOf(this.#usageFields);
    }
    if (!candidate && !isBlocked) return;
    this.#last = { ...this.#last, ...chunk };
    this.#start(chunk);
    for (const part of partsOf(candidate)) this.#part(part);
    if (isBlocked) this.#isBlocked = true;
    const reason = candidate?.['finishReason'];
    if (typeof reason === 'string') this.#reason = reason;
    // The counts may still come in a chunk of their own.
    if ((this.#reason !== undefined || this.#isBlocked) && this.#usage && !this.#isOver)
      this.#finish();
  }

  #start(chunk: JsonObject): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    this.#context.id = idOf(chunk);
    this.#out.push({
      type: 'start',
      id: this.#context.id,
      model: typeof chunk['modelVersion'] === 'string' ? chunk['modelVersion'] : '',
      createdAt: timeOf(chunk['createTime']),
    });
  }

  #part(part: JsonObject): void {
    const call = part['functionCall'];
    if (isObject(call) && this.#isPiece(call)) {
      const { functionCall: _, thoughtSignature: __, ...others } = part;
      for (const other of decodeParts(others, this.#context)) this.#give(other, others);
      this.#piece(call, extrasOf(part));
      return;
    }
    for (const decoded of decodeParts(part, this.#context)) this.#give(decoded, part);
  }

  #give(part: Part, wire: JsonObject): void {
    if (part.type === 'text' || part.type === 'reasoning') {
      this.#addText(part.type, part.text, extrasOf(wire));
      return;
    }
    this.#endText();
    const index = this.#next++;
    if (part.type === 'tool_call') {
      this.#endCall();
      if (part.name === '') {
        this.#fail('The provider sent a tool call without a name.');
        return;
      }
      this.#hasCall = true;
      this.#out.push({ type: 'part_start', index, part: { ...part, arguments: '' } });
      this.#out.push({ type: 'part_delta', index, text: part.arguments });
    } else this.#out.push({ type: 'part_start', index, part });
    this.#out.push({ type: 'part_end', index, part });
  }

  #addText(type: OpenText['type'], text: string, extras: JsonObject): void {
    const hasExtras = extras['thoughtSignature'] !== undefined;
    // The last chunk is often an empty text.
    if (text === '' && !hasExtras) return;
    if (this.#text && this.#text.type !== type && (text !== '' || type === 'reasoning'))
      this.#endText();
    let open = this.#text;
    if (!open) {
      open = { index: this.#next++, type, text: '', extras: {} };
      this.#text = open;
      this.#out.push({ type: 'part_start', index: open.index, part: { type, text: '' } });
    }
    if (text !== '') {
      open.text += text;
      this.#out.push({ type: 'part_delta', index: open.index, text });
    }
    open.extras = { ...open.extras, ...extras };
    // A signature stands with the end of what it signs.
    if (hasExtras) this.#endText();
  }

  #endText(): void {
    const open = this.#text;
    if (!open) return;
    this.#text = undefined;
    const { index, text, extras } = open;
    const part: Part =
      open.type === 'reasoning'
        ? ownReasoning(text, extras)
        : { type: 'text', text, ...native(extras) };
    this.#out.push({ type: 'part_end', index, part });
  }

  // Calls in pieces

  #isPiece(call: JsonObject): boolean {
    const isOpening = call['willContinue'] === true || Array.isArray(call['partialArgs']);
    return isOpening || (this.#call !== undefined && call['name'] === undefined);
  }

  #piece(call: JsonObject, extras: JsonObject): void {
    const { name, id, args, partialArgs: pieces } = call;
    if (typeof name === 'string' && name !== '') {
      this.#endCall();
      this.#endText();
      const callId = typeof id === 'string' && id !== '' ? id : madeUpCallId(this.#context);
      const part: ToolCallPart = { type: 'tool_call', id: callId, name, arguments: '' };
      this.#call = { index: this.#next++, part, args: partialArgs(), extras };
      this.#out.push({ type: 'part_start', index: this.#call.index, part });
    }
    const open = this.#call;
    if (!open) {
      this.#fail('The provider sent a tool call without a name.');
      return;
    }
    open.extras = { ...open.extras, ...extras };
    if (isObject(args)) open.args.merge(args);
    if (Array.isArray(pieces)) open.args.add(pieces as readonly JsonValue[]);
    if (call['willContinue'] !== true) this.#endCall();
  }

  #endCall(): void {
    const open = this.#call;
    if (!open) return;
    this.#call = undefined;
    this.#hasCall = true;
    const text = open.args.text();
    const part: ToolCallPart = { ...open.part, arguments: text, ...native(open.extras) };
    this.#out.push({ type: 'part_delta', index: open.index, text });
    this.#out.push({ type: 'part_end', index: open.index, part });
  }

  #finish(): void {
    this.#endText();
    // What the model had no room to finish is not what it wrote, and nobody may act on it.
    if (this.#call && this.#reason === 'STOP') this.#endCall();
    else if (this.#call) this.#context.dropped.add('functionCall.unfinished');
    this.#isOver = true;
    this.#out.push({
      type: 'finish',
      finish: finishOf(this.#reason, this.#last, this.#hasCall),
      usage: this.#usage,
      ...native(this.#kept),
      ...(this.#context.dropped.size > 0 && { dropped: [...this.#context.dropped] }),
    });
  }
}
