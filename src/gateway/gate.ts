/**
 * The first place that enforces: tool calls in an answer are decided one by one before the caller
 * sees them. Permitted ones pass, whole and unchanged; a denied one is replaced by a plain
 * statement in the answer's text. Everything else passes at once, in order.
 */
import type {
  Answer,
  AnswerEvent,
  Finish,
  NativePart,
  Part,
  ToolCallPart,
} from '#wire/exchange.ts';

/** A part that makes the caller act. */
export type GatedPart = ToolCallPart | NativePart;

/** Resolves, once the decision is durable, with undefined for a permit or with what to say instead. */
export type DecideToolCall = (part: GatedPart) => Promise<string | undefined>;

/** Whether the part needs a decision of its own. */
export type IsGated = (part: Part) => part is GatedPart;

export async function gateAnswer(
  answer: Answer,
  isGated: IsGated,
  decide: DecideToolCall,
): Promise<Answer> {
  const parts = await Promise.all(
    answer.parts.map(async (part): Promise<Part> => {
      if (!isGated(part)) return part;
      const statement = await decide(part);
      return statement === undefined ? part : { type: 'text', text: statement };
    }),
  );
  return { ...answer, parts, finish: finishOf(answer.finish, parts.some(isGated)) };
}

export class StreamGate {
  #isGated: IsGated;
  #decide: DecideToolCall;
  #give: (events: readonly AnswerEvent[]) => void;
  #onBusy: (isBusy: boolean) => void;
  #queue: AnswerEvent[] = [];
  #isBusy = false;
  /** Parts by the provider's index → the index that the caller sees. Gated parts have none yet. */
  #indexes = new Map<number, number>();
  #next = 0;
  #passed = false;

  /**
   * @param give takes the events that may go out, in order
   * @param onBusy tells when a decision is awaited, so that the provider can be paused meanwhile
   */
  constructor(
    isGated: IsGated,
    decide: DecideToolCall,
    give: (events: readonly AnswerEvent[]) => void,
    onBusy: (isBusy: boolean) => void,
  ) {
    this.#isGated = isGated;
    this.#decide = decide;
    this.#give = give;
    this.#onBusy = onBusy;
  }

  push(events: readonly AnswerEvent[]): void {
    if (this.#isBusy) {
      this.#queue.push(...events);
      return;
    }
    const out: AnswerEvent[] = [];
    for (let i = 0; i < events.length; i++) {
      const event = events[i] as AnswerEvent;
      if (event.type === 'part_end' && this.#isGated(event.part)) {
        this.#queue.push(...events.slice(i + 1));
        if (out.length > 0) this.#give(out);
        this.#hold(event.part);
        return;
      }
      const passed = this.#pass(event);
      if (passed) out.push(passed);
    }
    if (out.length > 0) this.#give(out);
  }

  #pass(event: AnswerEvent): AnswerEvent | undefined {
    switch (event.type) {
      case 'part_start': {
        if (this.#isGated(event.part)) return undefined;
        const index = this.#next++;
        this.#indexes.set(event.index, index);
        return index === event.index ? event : { ...event, index };
      }
      case 'part_delta':
      case 'part_end': {
        const index = this.#indexes.get(event.index);
        if (index === undefined) return undefined;
        return index === event.index ? event : { ...event, index };
      }
      case 'finish':
        return { ...event, finish: finishOf(event.finish, this.#passed) };
      case 'start':
      case 'error':
        return event;
    }
  }

  #hold(part: GatedPart): void {
    this.#isBusy = true;
    this.#onBusy(true);
    this.#decide(part).then(
      (statement) => {
        if (statement === undefined) this.#passed = true;
        this.#release(statement === undefined ? part : { type: 'text', text: statement });
      },
      () => this.#give([undecided]),
    );
  }

  #release(part: Part): void {
    this.#give(eventsOfPart(part, this.#next++));
    this.#isBusy = false;
    const queue = this.#queue;
    this.#queue = [];
    this.push(queue);
    if (!this.#isBusy) this.#onBusy(false);
  }
}

/** INVARIANT (5): a decision that cannot be made or kept ends the answer. */
const undecided: AnswerEvent = {
  type: 'error',
  error: { kind: 'server', message: 'A tool call could not be decided, so the answer ends here.' },
};

/** A whole part as the events that a stream would have had. */
export function eventsOfPart(part: Part, index: number): AnswerEvent[] {
  switch (part.type) {
    case 'text':
    case 'reasoning':
    case 'refusal':
      return [
        { type: 'part_start', index, part: { ...part, text: '' } },
        { type: 'part_delta', index, text: part.text },
        { type: 'part_end', index, part },
      ];
    case 'tool_call':
      return [
        { type: 'part_start', index, part: { ...part, arguments: '' } },
        { type: 'part_delta', index, text: part.arguments },
        { type: 'part_end', index, part },
      ];
    default:
      return [
        { type: 'part_start', index, part },
        { type: 'part_end', index, part },
      ];
  }
}

/** A provider that answers a streaming request with a whole body: the same answer, as events. */
export function eventsOfAnswer(answer: Answer): AnswerEvent[] {
  const { id, model, createdAt, usage, native, finish, dropped } = answer;
  return [
    { type: 'start', id, model, createdAt, native },
    ...answer.parts.flatMap(eventsOfPart),
    { type: 'finish', finish, usage, dropped },
  ];
}

/** No caller is told to run tools when none was let through. */
function finishOf(finish: Finish, hasToolCall: boolean): Finish {
  return finish.reason === 'tool_calls' && !hasToolCall ? { reason: 'stop' } : finish;
}
