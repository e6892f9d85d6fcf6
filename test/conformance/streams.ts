/**
 * Recorded answers of providers, each read by the official SDK twice: as the provider sent it, and
 * after it went through the exchange into each of the four protocols. One file and one target is one
 * case. An answer that the SDK cannot read, or that is cut off or of another protocol, must end in an
 * error that the caller's SDK raises as such.
 */
import { globSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { type AnswerEvent, PROTOCOLS, type Protocol } from '#wire/exchange.ts';
import { decoded, disorder, encoded, gated, understand } from './streams/carried.ts';
import { difference } from './streams/difference.ts';
import { type Read, read } from './streams/reading.ts';
import {
  answersOf,
  bytesOf,
  linesOf,
  mended,
  parsed,
  protocolOf,
  saysItsEnd,
  searchesOfX,
} from './streams/recording.ts';
import type { Suite } from './suite.ts';

export const suite: Suite = async (path, report) => {
  for (const file of globSync(`${path}/**/*.{txt,jsonl}`).sort()) {
    const name = relative(path, file);
    const lines = linesOf(readFileSync(file, 'utf8'));
    const source = protocolOf(lines);
    const check = source ? await ofKnown(lines, source) : ofForeign(lines);
    for (const target of PROTOCOLS) {
      report(
        `${name} → ${target}`,
        await check(target).catch((error: Error) => `${error.stack?.replaceAll('\n', ' ')}`),
      );
    }
  }
};

type Check = (target: Protocol) => Promise<string | undefined>;

/** A recording may hold the answers of several turns: each is a stream of its own. */
async function ofKnown(lines: readonly string[], source: Protocol): Promise<Check> {
  const checks: Check[] = [];
  for (const answer of answersOf(lines, source)) checks.push(await ofAnswer(answer, source));
  return async (target) => {
    for (const check of checks) {
      const problem = await check(target);
      if (problem !== undefined) return problem;
    }
    return undefined;
  };
}

async function ofAnswer(lines: readonly string[], source: Protocol): Promise<Check> {
  const bytes = bytesOf(lines, source);
  const events = decoded(source, bytes);
  const inOrder = disorder(events) ?? differentWhenSplit(source, bytes, events);
  const original = await readOriginal(lines, source);
  const whole = await gated(events);
  return async (target) => {
    if (inOrder !== undefined) return inOrder;
    const tools = target === source ? searchesOfX(lines) : [];
    const result = await read(target, encoded(target, whole, tools));
    const problem = compared(original, result, source, target);
    if (problem !== undefined) return problem;
    // At any byte, and where an event ends and nothing looks broken.
    const cut = random(bytes.length + target.length, bytes.length);
    const after = bytes.indexOf(source === 'gemini' ? '\n\r\n' : '\n\n', cut) + 3;
    return (
      (await ofTruncated(source, bytes.subarray(0, cut), target)) ??
      (await ofTruncated(source, bytes.subarray(0, after), target))
    );
  };
}

/** As the SDK reads it; where it cannot, as it reads what the provider should have sent. */
async function readOriginal(lines: readonly string[], source: Protocol): Promise<Read> {
  let given = lines;
  for (;;) {
    const result = await read(source, bytesOf(given, source));
    const better = mended(given, source, 'error' in result ? result.error : undefined);
    if (isDeepStrictEqual(better.map(parsed), given.map(parsed))) return result;
    given = better;
  }
}

function compared(
  original: Read,
  result: Read,
  source: Protocol,
  target: Protocol,
): string | undefined {
  if ('error' in original) {
    if (!('error' in result)) return `an end where the original has none: ${original.error}`;
    return result.isApi ? undefined : `not an API error: ${result.error}`;
  }
  if ('error' in result) return `${result.error}`;
  const problem = difference(original.reading, result.reading, source, target);
  // A caller who sends the answer back must be understood: a thrown refusal fails the case.
  const { next } = result.reading;
  if (problem === undefined && next !== undefined) understand(target, next);
  return problem;
}

/** Cut off, the answer ends in an error, or has already said its end. */
async function ofTruncated(
  source: Protocol,
  bytes: Buffer,
  target: Protocol,
): Promise<string | undefined> {
  const where = `cut at ${bytes.length}`;
  const events = decoded(source, bytes);
  const problem = disorder(events);
  if (problem !== undefined) return `${where}: ${problem}`;
  if (events.at(-1)?.type === 'finish' && saysItsEnd(bytes.toString(), source)) return undefined;
  const result = await read(target, encoded(target, await gated(events)));
  if (!('error' in result)) return `${where}: an end that was not there`;
  return result.isApi ? undefined : `${where}: not an API error: ${result.error}`;
}

/** Whatever protocol the provider is taken for, the caller sees an error, and no made-up answer. */
function ofForeign(lines: readonly string[]): Check {
  const bytes = bytesOf(lines, undefined);
  return async (target) => {
    for (const source of PROTOCOLS) {
      const events = decoded(source, bytes);
      const problem = disorder(events);
      if (problem !== undefined) return `taken for ${source}: ${problem}`;
      if (events.at(-1)?.type !== 'error') return `taken for ${source}: no error`;
      const result = await read(target, encoded(target, events));
      if (!('error' in result)) return `taken for ${source}: an answer where there is none`;
      if (!result.isApi) return `taken for ${source}: not an API error: ${result.error}`;
    }
    return undefined;
  };
}

const SPLITS = 3;

function differentWhenSplit(
  source: Protocol,
  bytes: Buffer,
  events: readonly AnswerEvent[],
): string | undefined {
  for (let round = 1; round <= SPLITS; round++) {
    const cuts = new Set<number>();
    for (let i = 0; i < 200; i++) cuts.add(random(round * 1_000 + i, bytes.length));
    const sorted = [...cuts].sort((a, b) => a - b);
    const again = decoded(source, bytes, sorted);
    if (!isDeepStrictEqual(withoutMadeUpIds(again, bytes), withoutMadeUpIds(events, bytes))) {
      return `other events when split (round ${round})`;
    }
  }
  return undefined;
}

/** Ids that the provider did not give are made up anew each time. */
function withoutMadeUpIds(events: readonly AnswerEvent[], bytes: Buffer): readonly AnswerEvent[] {
  return events.map((event) => {
    if (event.type === 'start') return bytes.includes(event.id) ? event : { ...event, id: '' };
    if (event.type !== 'part_start' && event.type !== 'part_end') return event;
    const { part } = event;
    if (part.type !== 'tool_call' || bytes.includes(part.id)) return event;
    return { ...event, part: { ...part, id: '' } };
  });
}

/** A number below `limit` that looks random and is the same in each run (splitmix32). */
function random(seed: number, limit: number): number {
  let x = (seed * 0x9e3779b9 + 0x85ebca6b) >>> 0;
  x = Math.imul(x ^ (x >>> 16), 0x21f0aaad);
  x = Math.imul(x ^ (x >>> 15), 0x735a2d97);
  return ((x ^ (x >>> 15)) >>> 0) % Math.max(limit, 1);
}
