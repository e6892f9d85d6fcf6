/**
 * Answers of a solver, kept in a folder for the next run. For work on a draft, where most questions
 * are asked again and again; what comes into force is proven without it (pack-prover.ts).
 *
 * An answer is found by the SHA-256 of all that was asked: script, solver with its version, limits.
 * The file says that hash again, and the hash of all it says, so that a file that is damaged, cut off
 * or put under another name is no answer. Whoever can write to the folder can still make a false
 * one, so it must be the user's own and closed to others. `unknown` is not kept: more time may tell.
 *
 * Stored format: docs/spec/terms.md
 */
import { createHash } from 'node:crypto';
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { ProvisoError } from '#base/errors.ts';
import { canonicalJson } from '#base/json.ts';
import { ANSWER_CACHE_LIMITS } from '#base/limits.ts';
import type { NamedSolver } from './cross-check.ts';
import type { SolverAnswer } from './solver.ts';

export interface CachedSolver extends NamedSolver {
  /** How many answers there were so far, and how many of them came from the folder. */
  readonly counts: () => { readonly asked: number; readonly kept: number };
}

/**
 * @param folder made where it is not there
 * @throws ProvisoError `system_failed` for a folder that others may write to
 */
export function cachedSolver(
  solver: NamedSolver,
  folder: string,
  limits: { readonly timeLimitMs: number },
): CachedSolver {
  open(folder);
  let [asked, kept] = [0, 0];
  return {
    name: solver.name,
    close: solver.close,
    counts: () => ({ asked, kept }),
    ask: async (script) => {
      asked++;
      const { timeLimitMs } = limits;
      const key = sha256(canonicalJson({ format: 1, solver: solver.name, timeLimitMs, script }));
      const known = readAnswer(folder, key);
      if (known) {
        kept++;
        return known;
      }
      const answer = await solver.ask(script);
      if (answer.verdict !== 'unknown') writeAnswer(folder, key, answer);
      return answer;
    },
  };
}

type KeptAnswer = Exclude<SolverAnswer, { readonly verdict: 'unknown' }>;

const kept = z.strictObject({
  question: z.string(),
  answer: z.discriminatedUnion('verdict', [
    z.strictObject({ verdict: z.literal('unsat') }),
    z.strictObject({ verdict: z.literal('sat'), values: z.string() }),
  ]),
  /** Of the canonical JSON of the two above. */
  sha256: z.string(),
});

function readAnswer(folder: string, key: string): KeptAnswer | undefined {
  try {
    const text = readFileSync(join(folder, `${key}.json`), 'utf8');
    const { question, answer, sha256 } = kept.parse(JSON.parse(text));
    return question === key && sha256 === sealOf(question, answer) ? answer : undefined;
  } catch {
    return undefined;
  }
}

/** Whole or not at all. Where it cannot be written, the question is asked again another time. */
function writeAnswer(folder: string, key: string, answer: KeptAnswer): void {
  const text = canonicalJson({ question: key, answer, sha256: sealOf(key, answer) });
  if (Buffer.byteLength(text) > ANSWER_CACHE_LIMITS.bytesMax) return;
  const unfinished = join(folder, `${key}.${process.pid}.tmp`);
  try {
    writeFileSync(unfinished, text, { mode: 0o600 });
    renameSync(unfinished, join(folder, `${key}.json`));
  } catch {
    rmSync(unfinished, { force: true });
  }
}

function sealOf(question: string, answer: KeptAnswer): string {
  return sha256(canonicalJson({ question, answer }));
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function open(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const { uid, mode } = statSync(folder);
  const isForeign = process.getuid !== undefined && uid !== process.getuid();
  if (isForeign || (process.platform !== 'win32' && (mode & 0o022) !== 0)) {
    const message = `Others may write to \`${folder}\`, so that its answers prove nothing: choose a folder of your own.`;
    throw new ProvisoError('system_failed', message, { at: folder });
  }
  const files = readdirSync(folder).filter((name) => /^[0-9a-f]{64}\.json$/.test(name));
  if (files.length <= ANSWER_CACHE_LIMITS.answersMax) return;
  // The oldest half goes.
  const byAge = files
    .map((name) => ({ name, at: statSync(join(folder, name)).mtimeMs }))
    .sort((a, b) => a.at - b.at);
  for (const { name } of byAge.slice(0, files.length >> 1)) rmSync(join(folder, name));
}
