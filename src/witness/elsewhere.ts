/** The heads of a log that its witnesses hold: what the log shows to others. */
import type { NoteVerifier } from '#base/note.ts';
import type { WitnessPolicy } from '#ledger/policy.ts';
import { below, type Http } from './http.ts';
import { originOf } from './witness.ts';

const ANSWER_BYTES_MAX = 65_536;
const WAIT_MS_MAX = 10_000;

/**
 * Signed notes, from anyone: to be checked before they count. A witness that does not answer, or
 * serves no heads, is passed over.
 */
export async function headsElsewhere(
  log: NoteVerifier,
  { witnesses }: WitnessPolicy,
  http: Http,
): Promise<Buffer[]> {
  const urls = new Set(witnesses.flatMap(({ url }) => (url === undefined ? [] : [url])));
  const path = `${originOf(log.name).hash}/checkpoint`;
  const answers = [...urls].map(async (url) => {
    const signal = AbortSignal.timeout(WAIT_MS_MAX);
    try {
      return await http.ask({ url: below(url, path), answerBytesMax: ANSWER_BYTES_MAX, signal });
    } catch {
      return undefined;
    }
  });
  const found = (await Promise.all(answers)).filter((answer) => answer?.status === 200);
  return found.flatMap((answer) => (answer ? [answer.body] : []));
}
