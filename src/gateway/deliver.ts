/** Brings an answer to the caller in the caller's protocol, through the gate. */

import type { AnswerFlow } from '#providers/answer-flow.ts';
import type { Answer, AnswerEvent, Finish, ModelRequest, Part, Usage } from '#wire/exchange.ts';
import type { AnswerEncoder, WireProtocol } from '#wire/protocol.ts';
import {
  type DecideToolCall,
  eventsOfAnswer,
  gateAnswer,
  type IsGated,
  StreamGate,
} from './gate.ts';
import { commentsIn, type HoldNotes, keepAlive } from './held.ts';
import type { Reply } from './reply.ts';

/** What became of an answer, for its outcome entry. */
export interface Delivered {
  readonly result: 'answered' | 'failed' | 'cancelled';
  readonly finish: Finish | undefined;
  readonly usage: Usage | undefined;
  readonly parts: readonly Part[];
  readonly message?: string | undefined;
}

export interface Delivery {
  readonly wire: WireProtocol;
  readonly request: ModelRequest;
  readonly reply: Reply;
  readonly isGated: IsGated;
  readonly decide: DecideToolCall;
  /** Grows by what there is to say of holds. */
  readonly notes: HoldNotes;
  readonly keepAliveMs: number;
  /** Grows by the names of what the caller's protocol cannot carry. */
  readonly dropped: Set<string>;
  /** Sets the headers that tell what was dropped; called once, before the first byte. */
  readonly beforeFirstByte: () => void;
}

export async function deliverAnswer(answer: Answer, delivery: Delivery): Promise<Delivered> {
  const { wire, request, reply, dropped } = delivery;
  const { isGated } = delivery;
  const gated = answer.parts.some(isGated) ? await gateWhole(answer, delivery) : answer;
  for (const name of answer.dropped ?? []) dropped.add(name);
  if (request.stream) {
    const encoder = wire.streamEncoder({ request });
    const text = eventsOfAnswer(gated)
      .map((event) => encoder.push(event))
      .join('');
    for (const name of encoder.dropped) dropped.add(name);
    delivery.beforeFirstByte();
    reply.beginStream();
    reply.end(commentsOf(delivery) + text);
  } else {
    const body = JSON.stringify(wire.encodeAnswer(gated, request, dropped));
    delivery.beforeFirstByte();
    reply.whole(200, body);
  }
  const { finish, usage, parts } = gated;
  return { result: reply.isGone ? 'cancelled' : 'answered', finish, usage, parts };
}

/** A provider may answer a streaming request as a whole; the caller's stream is kept alive then too. */
async function gateWhole(answer: Answer, delivery: Delivery): Promise<Answer> {
  const { isGated, decide, request, reply, notes, keepAliveMs } = delivery;
  let stop: (() => void) | undefined;
  if (request.stream) {
    notes.onWait = () => {
      delivery.beforeFirstByte();
      reply.beginStream();
      reply.write(commentsOf(delivery), () => undefined);
      stop ??= keepAlive(reply, delivery.wire.name, keepAliveMs);
    };
  }
  try {
    return await gateAnswer(answer, isGated, decide);
  } finally {
    stop?.();
  }
}

function commentsOf({ notes: { comments }, wire }: Delivery): string {
  return comments.length === 0 ? '' : commentsIn(wire.name, comments.splice(0));
}

export function deliverStream(flow: AnswerFlow, delivery: Delivery): Promise<Delivered> {
  return new Promise((resolve) => {
    const { reply, request, wire } = delivery;
    const stream = new StreamDelivery(flow, wire.streamEncoder({ request }), delivery, resolve);
    delivery.beforeFirstByte();
    reply.beginStream();
    reply.onGone = () => stream.cancel();
    if (reply.isGone) stream.cancel();
    else flow.attach(stream.gate);
  });
}

class StreamDelivery {
  #flow: AnswerFlow;
  #encoder: AnswerEncoder;
  #delivery: Delivery;
  #resolve: (delivered: Delivered) => void;
  #parts: Part[] = [];
  #isOver = false;
  #isDeciding = false;
  #isSlow = false;
  #stopKeepAlive: (() => void) | undefined;
  readonly gate: { events(events: readonly AnswerEvent[]): void };

  constructor(
    flow: AnswerFlow,
    encoder: AnswerEncoder,
    delivery: Delivery,
    resolve: (delivered: Delivered) => void,
  ) {
    this.#flow = flow;
    this.#encoder = encoder;
    this.#delivery = delivery;
    this.#resolve = resolve;
    delivery.notes.onWait = () => {
      delivery.reply.write(commentsOf(delivery), () => undefined);
      this.#stopKeepAlive ??= keepAlive(delivery.reply, delivery.wire.name, delivery.keepAliveMs);
    };
    const gate = new StreamGate(
      delivery.isGated,
      delivery.decide,
      (events) => this.#give(events),
      (isBusy) => {
        this.#isDeciding = isBusy;
        this.#pace();
      },
    );
    this.gate = { events: (events) => gate.push(events) };
  }

  cancel(): void {
    this.#flow.abort();
    this.#over({ result: 'cancelled', finish: undefined, usage: undefined });
  }

  #give(events: readonly AnswerEvent[]): void {
    if (this.#isOver) return;
    let text = commentsOf(this.#delivery);
    let last: Omit<Delivered, 'parts'> | undefined;
    for (const event of events) {
      text += this.#encoder.push(event);
      if (event.type === 'part_end') this.#parts.push(event.part);
      else if (event.type === 'finish') {
        for (const name of event.dropped ?? []) this.#delivery.dropped.add(name);
        last = { result: 'answered', finish: event.finish, usage: event.usage };
      } else if (event.type === 'error') {
        const { message } = event.error;
        last = { result: 'failed', finish: undefined, usage: undefined, message };
      }
      if (last) break;
    }
    if (last) {
      this.#delivery.reply.end(text);
      this.#over(last);
      return;
    }
    this.#isSlow = !this.#delivery.reply.write(text, () => {
      this.#isSlow = false;
      this.#pace();
    });
    if (this.#isSlow) this.#pace();
  }

  /** Back-pressure from caller to provider, and a pause while a tool call is decided. */
  #pace(): void {
    if (this.#isOver) return;
    if (this.#isSlow || this.#isDeciding) this.#flow.pause();
    else this.#flow.resume();
  }

  #over(delivered: Omit<Delivered, 'parts'>): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#stopKeepAlive?.();
    // After a good end the rest of the bytes is read away, so that the connection can be used again.
    if (delivered.result === 'answered') this.#flow.resume();
    else this.#flow.abort();
    for (const name of this.#encoder.dropped) this.#delivery.dropped.add(name);
    this.#resolve({ ...delivered, parts: this.#parts });
  }
}
