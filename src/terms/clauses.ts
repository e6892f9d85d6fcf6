/**
 * The wording behind the rules. A clause is a span of text.md, by byte offset and hash, so that the
 * words that a denied caller reads are the words that were agreed on.
 */
import { createHash } from 'node:crypto';
import type { Manifest } from './manifest.ts';
import type { PackFile, Problem } from './problems.ts';
import type { YamlFile } from './yaml.ts';

export interface Clause {
  readonly id: string;
  /** Its heading, or its id where it has none. */
  readonly title: string;
  readonly words: string;
  /** Why no rule enforces it, where none does. */
  readonly notEnforced?: string | undefined;
}

export function readClauses(
  { value, problem }: YamlFile<Manifest>,
  text: PackFile,
  problems: Problem[],
): ReadonlyMap<string, Clause> {
  const bytes = Buffer.from(text.text, 'utf8');
  const clauses = new Map<string, Clause>();
  for (const [i, { id, start, end, sha256, notEnforced }] of value.clauses.entries()) {
    const span = bytes.subarray(start, end);
    if (clauses.has(id)) {
      problems.push(problem(['clauses', i, 'id'], `The clause \`${id}\` is given twice.`));
    } else if (end <= start || end > bytes.length) {
      const message = `The span of \`${id}\` is not within ${text.path}, which has ${bytes.length} bytes.`;
      problems.push(problem(['clauses', i, 'end'], message));
    } else if (hashOf(span) !== sha256) {
      const found = findSpan(bytes, end - start, sha256);
      const hint = found === undefined ? '' : `; the agreed words now start at ${found}`;
      const message = `The wording of \`${id}\` is not what was agreed: bytes ${start} to ${end} of ${text.path} hash to ${hashOf(span)}${hint}.`;
      problems.push(problem(['clauses', i, 'sha256'], message));
    }
    clauses.set(id, { id, ...titleAndWords(span.toString('utf8'), id), notEnforced });
  }
  return clauses;
}

function titleAndWords(span: string, id: string): { title: string; words: string } {
  const [, heading, rest] = /^\s*#+[ \t]*([^\n]*)\n([^]*)$/.exec(span) ?? [];
  return { title: heading?.trim() ?? id, words: (rest ?? span).trim().replace(/\s+/g, ' ') };
}

/** Words that only moved are found again: where they start. */
export function findSpan(bytes: Buffer, length: number, sha256: string): number | undefined {
  for (let start = 0; start + length <= bytes.length; start++) {
    if (hashOf(bytes.subarray(start, start + length)) === sha256) return start;
  }
  return undefined;
}

/** SHA-256 in lower-case hexadecimal. */
export function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
