/** Whether an answer that went through another protocol still says what the original said. */
import { isDeepStrictEqual } from 'node:util';
import type { FinishReason, Protocol } from '#wire/exchange.ts';
import type { ReadCall, Reading } from './reading.ts';

/** Undefined where nothing differs, else what does, in one line. */
export function difference(
  original: Reading,
  other: Reading,
  source: Protocol,
  target: Protocol,
): string | undefined {
  const said = original.text + original.refusal;
  // A refusal is text where a protocol has no words for it.
  if (other.text + other.refusal !== said) return differs('text', said, other.text + other.refusal);
  const calls = differentCalls(original.calls, other.calls);
  if (calls !== undefined) return calls;
  const finish = expressible(original.finish, target);
  if (other.finish !== finish) return differs('finish', finish, other.finish);
  for (const count of ['inputTokens', 'outputTokens'] as const) {
    if (original[count] === undefined) continue;
    if (other[count] !== original[count]) return differs(count, original[count], other[count]);
  }
  if (source !== target) return undefined;
  // Those that ran beside each other come in the order in which they ended.
  const [blocks, found] = [original.blocks.toSorted(), other.blocks.toSorted()];
  return isDeepStrictEqual(blocks, found) ? undefined : differs('blocks', blocks, found);
}

/** The nearest that the target can say. */
function expressible(finish: FinishReason, target: Protocol): FinishReason {
  if (target === 'openai-responses' || target === 'gemini') return finish;
  if (finish === 'pause' && target !== 'anthropic') return 'stop';
  return finish === 'other' ? 'stop' : finish;
}

function differentCalls(
  original: readonly ReadCall[],
  other: readonly ReadCall[],
): string | undefined {
  if (original.length !== other.length) {
    return differs('tool calls', namesOf(original), namesOf(other));
  }
  for (const [i, call] of original.entries()) {
    const found = other[i];
    if (!found || found.name !== call.name) return differs('tool', call.name, found?.name);
    if (call.id !== undefined && found.id !== undefined && call.id !== found.id) {
      return differs('tool call id', call.id, found.id);
    }
    if (!sameArguments(call, found)) {
      return differs('arguments', call.text ?? call.value, found.text ?? found.value);
    }
  }
  return undefined;
}

/** Text stays the exact text; free text is wrapped where a protocol wants an object. */
function sameArguments(call: ReadCall, found: ReadCall): boolean {
  if (call.text !== undefined && found.text === call.text) return true;
  const isFree = call.text !== undefined && typeof call.value === 'string';
  if (isFree) return Object.values(found.value as object)[0] === call.value;
  const bothText = call.text !== undefined && found.text !== undefined;
  return !bothText && isDeepStrictEqual(found.value, call.value);
}

function namesOf(calls: readonly ReadCall[]): readonly string[] {
  return calls.map((call) => call.name);
}

function differs(what: string, wanted: unknown, got: unknown): string {
  const [a, b] = [JSON.stringify(wanted) ?? 'none', JSON.stringify(got) ?? 'none'];
  let at = 0;
  while (at < a.length && a[at] === b[at]) at++;
  const from = Math.max(at - 20, 0);
  return `${what} differs: ${a.slice(from, from + 80)} became ${b.slice(from, from + 80)}`;
}
