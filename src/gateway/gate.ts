/**
 * The first place that enforces: tool calls in an answer are decided one by one before the caller
 * sees them. Permitted ones pass, whole and unchanged; a denied one is replaced by a plain
 * statement in the answer's text. Everything else passes at once, in order.
 *
 * One that people must sign is kept back alone: what the model wrote behind it passes on, and it
 * follows when it is released, as it was signed, at the latest before the end.
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

/** A tool call that waits for people: what it becomes, or what to say instead. */
export interface HeldCall {
  readonly settled: Promise<GatedPart | string>;
}

/**
 * Resolves, once the decision is durable, with undefined for a permit, with what to say instead, or
 * with the wait for people.
 */
export type DecideToolCall = (
  part: GatedPart,
  answer: Pick<Answer, 'id' | 'model'>,
) => Promise<string | undefined | HeldCall>;

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
      const ruling = await decide(part, answer);
      if (ruling === undefined) return part;
      return typeof ruling === 'string' ? textOf(ruling) : partOf(await ruling.settled);
    }),
  );
  return { ...answer, parts, finish: finishOf(answer.finish, parts.some(isGated)) };
}

function partOf(settled: GatedPart | string): Part {
  return typeof settled === 'string' ? textOf(settled) : settled;
}

function textOf(statement: string): Part {
  return { type: 'text', text: statement };
}

/** A gated part that is kept back, in the order in which the model wrote them. */
interface KeptBack {
  readonly carriesSignature: boolean;
  /** What it became. */
  part?: Part;
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
  #answer = { id: '', model: '' };
  #keptBack: KeptBack[] = [];
  /** Parts that were begun and have not ended. */
  #unfinished = 0;
  #finish: AnswerEvent | undefined;
  #isOver = false;

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
    if (this.#isOver) return;
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
        this.#decideOn(event.part);
        return;
      }
      const passed = this.#pass(event);
      if (passed) out.push(passed);
    }
    if (out.length > 0) this.#give(out);
    this.#giveSettled();
  }

  #pass(event: AnswerEvent): AnswerEvent | undefined {
    switch (event.type) {
      case 'part_start': {
        if (this.#isGated(event.part)) return undefined;
        const index = this.#next++;
        this.#unfinished++;
        this.#indexes.set(event.index, index);
        return index === event.index ? event : { ...event, index };
      }
      case 'part_delta':
      case 'part_end': {
        const index = this.#indexes.get(event.index);
        if (index === undefined) return undefined;
        if (event.type === 'part_end') this.#unfinished--;
        return index === event.index ? event : { ...event, index };
      }
      case 'finish':
        if (this.#keptBack.length > 0) {
          this.#finish = event;
          return undefined;
        }
        return { ...event, finish: finishOf(event.finish, this.#passed) };
      case 'start':
        this.#answer = event;
        return event;
      case 'error':
        this.#isOver = true;
        return event;
    }
  }

  #decideOn(part: GatedPart): void {
    this.#isBusy = true;
    this.#onBusy(true);
    this.#decide(part, this.#answer).then(
      (ruling) => {
        if (ruling === undefined) this.#goOn(part);
        else if (typeof ruling === 'string') this.#goOn(textOf(ruling));
        else this.#keepBack(part, ruling);
      },
      () => this.#fail(),
    );
  }

  #keepBack(part: GatedPart, { settled }: HeldCall): void {
    const kept: KeptBack = { carriesSignature: carriesSignature(part) };
    this.#keptBack.push(kept);
    settled.then(
      (result) => {
        kept.part = partOf(result);
        this.#giveSettled();
      },
      () => this.#fail(),
    );
    this.#resume();
  }

  /** Between parts only, since no protocol lets one begin within another. */
  #giveSettled(): void {
    if (this.#unfinished > 0 || this.#isBusy || this.#isOver || this.#keptBack.length === 0) return;
    const events: AnswerEvent[] = [];
    const waiting: KeptBack[] = [];
    for (const kept of this.#keptBack) {
      const isBehind = waiting.some((earlier) => earlier.carriesSignature);
      if (kept.part === undefined || isBehind) waiting.push(kept);
      else events.push(...this.#eventsOf(kept.part));
    }
    this.#keptBack = waiting;
    if (events.length > 0) this.#give(events);
    const finish = this.#finish;
    if (finish && waiting.length === 0) {
      this.#finish = undefined;
      this.push([finish]);
    }
  }

  #eventsOf(part: Part): AnswerEvent[] {
    if (this.#isGated(part)) this.#passed = true;
    return eventsOfPart(part, this.#next++);
  }

  #goOn(part: Part): void {
    if (this.#keptBack.some((kept) => kept.carriesSignature)) {
      this.#keptBack.push({ carriesSignature: false, part });
    } else this.#give(this.#eventsOf(part));
    this.#resume();
  }

  /** INVARIANT (5) */
  #fail(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#give([undecided]);
  }

  #resume(): void {
    this.#isBusy = false;
    const queue = this.#queue;
    this.#queue = [];
    this.push(queue);
    if (!this.#isBusy) this.#onBusy(false);
  }
}

/**
 * Whether the provider signed what stands before the call, and will check it later: the first of
 * Gemini's parallel calls does. Calls behind it must stay behind it.
 */
function carriesSignature({ native }: GatedPart): boolean {
  return native !== undefined && Object.keys(native.fields).some((key) => /signature/i.test(key));
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
