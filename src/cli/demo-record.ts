/**
 * The demo's judgement: what each client understood, held against the ledger's own entries. What
 * the client saw and what was recorded must agree, and both be what the case asks for.
 */
import type { JsonObject, JsonValue } from '#base/json.ts';
import type { NoteVerifier } from '#base/note.ts';
import type { Entry } from '#ledger/entry.ts';
import { readCheckpoint, readEntries } from '#ledger/read.ts';
import type { Protocol } from '#wire/exchange.ts';
import type { DemoCase } from './demo-cases.ts';
import type { Heard } from './demo-clients.ts';

/** One decision, as the ledger has it. */
export interface DemoRow {
  readonly sdk: string;
  readonly asked: string;
  readonly protocolIn: string;
  readonly protocolOut: string;
  readonly streamed: boolean;
  readonly decision: string;
  readonly rules: readonly string[];
  readonly entry: number;
  /** What is not as it should be; absent where all is. */
  readonly problem?: string | undefined;
}

export interface Asked {
  readonly case: DemoCase;
  /** What was thrown, where the client did not understand the answer. */
  readonly heard: Heard | Error;
}

export class DemoRecord {
  readonly #entries: readonly Entry[];
  readonly #outcomes = new Map<number, Entry>();
  readonly #answers = new Map<number, Entry[]>();
  readonly #protocolOf: ReadonlyMap<string, Protocol>;

  private constructor(entries: readonly Entry[], protocolOf: ReadonlyMap<string, Protocol>) {
    this.#entries = entries;
    this.#protocolOf = protocolOf;
    for (const entry of entries) {
      if (entry.closes !== undefined) this.#outcomes.set(entry.closes, entry);
      const parent = entry.public['parent'];
      if (typeof parent === 'number') {
        this.#answers.set(parent, [...(this.#answers.get(parent) ?? []), entry]);
      }
    }
  }

  /** @param protocolOf by the provider's name in the configuration */
  static async read(
    dir: string,
    log: NoteVerifier,
    protocolOf: ReadonlyMap<string, Protocol>,
  ): Promise<DemoRecord> {
    const { size } = await readCheckpoint(dir, log);
    return new DemoRecord(await Array.fromAsync(readEntries(dir, size)), protocolOf);
  }

  /** The call's decision, and those of the tool calls in its answer. */
  rows(asked: Asked): DemoRow[] {
    const { heard } = asked;
    if (heard instanceof Error) return [unheard(asked.case, heard)];
    const decision = this.#entries[heard.entry];
    if (decision?.kind !== 'decision') {
      return [unheard(asked.case, new Error('the answer names no decision'))];
    }
    const toolCalls = this.#answers.get(heard.entry) ?? [];
    return [
      this.#row(asked.case, decision, this.#callProblem(asked.case, heard, decision, toolCalls)),
      ...toolCalls.map((entry) =>
        this.#row(asked.case, entry, this.#toolProblem(asked.case, heard, entry)),
      ),
    ];
  }

  #row({ client, asked }: DemoCase, { index, public: facts }: Entry, problem?: string): DemoRow {
    const [target = ''] = texts(facts['targets']);
    return {
      sdk: client.sdk,
      asked: facts['action'] === 'call_tool' ? `${asked}: its call` : asked,
      protocolIn: word(facts['protocol']),
      protocolOut: this.#protocolOf.get(target.slice(0, target.indexOf('/'))) ?? 'none',
      streamed: facts['streamed'] === true,
      decision: word(facts['effect']),
      rules: texts(facts['rules']),
      entry: index,
      problem,
    };
  }

  #callProblem(
    { call, toolCall, client, protocolOut, question }: DemoCase,
    heard: Heard,
    { index, public: facts }: Entry,
    toolCalls: readonly Entry[],
  ): string | undefined {
    const isPermitted = facts['effect'] === 'permit';
    return firstProblem([
      [facts['effect'] === call, `should be ${call}`],
      [facts['protocol'] === client.protocol, `came in as ${word(facts['protocol'])}`],
      [this.#protocolOf.get(providerOf(facts)) === protocolOut, 'went to another protocol'],
      [facts['streamed'] === question.streamed, 'streamed or not: not as asked'],
      [
        isPermitted === (heard.refusal === undefined),
        `the client saw ${heard.refusal ?? 'no refusal'}`,
      ],
      [
        toolCalls.length === (toolCall === undefined ? 0 : 1),
        `${toolCalls.length} tool calls decided`,
      ],
      [
        !isPermitted || toolCall !== undefined || heard.text.includes(question.text),
        `the client read ${JSON.stringify(heard.text)}`,
      ],
      [
        this.#result(index) === (isPermitted ? 'answered' : 'denied'),
        `outcome ${this.#result(index)}`,
      ],
    ]);
  }

  #toolProblem(
    { toolCall, question, arguments: expected }: DemoCase,
    heard: Heard,
    { index, public: facts }: Entry,
  ): string | undefined {
    const isPermitted = facts['effect'] === 'permit';
    const calls = JSON.stringify(heard.toolCalls);
    const wanted = JSON.stringify(
      isPermitted ? [{ name: question.tool?.name, arguments: expected }] : [],
    );
    return firstProblem([
      [facts['effect'] === toolCall, `should be ${toolCall ?? 'absent'}`],
      [calls === wanted, `the client saw the calls ${calls}`],
      [
        isPermitted || heard.text.includes(`entry ${index}`),
        'the client was not told of the entry',
      ],
      [this.#result(index) === OUTCOMES[toolCall ?? 'deny'], `outcome ${this.#result(index)}`],
    ]);
  }

  #result(index: number): string {
    return word(this.#outcomes.get(index)?.public['outcome']);
  }
}

/** What becomes of a tool call, by what was decided on it; nobody is there to approve one. */
const OUTCOMES = { permit: 'delivered', deny: 'withheld', hold: 'held' } as const;

function unheard({ client, asked, protocolOut, question }: DemoCase, error: Error): DemoRow {
  return {
    sdk: client.sdk,
    asked,
    protocolIn: client.protocol,
    protocolOut,
    streamed: question.streamed,
    decision: 'none',
    rules: [],
    entry: -1,
    problem: error.message,
  };
}

function firstProblem(checks: readonly (readonly [holds: boolean, problem: string])[]) {
  return checks.find(([holds]) => !holds)?.[1];
}

function providerOf(facts: JsonObject): string {
  const [target = ''] = texts(facts['targets']);
  return target.slice(0, target.indexOf('/'));
}

function word(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : 'none';
}

function texts(value: JsonValue | undefined): readonly string[] {
  return Array.isArray(value) ? value.map(String) : [];
}
