/** What is wrong with a pack, each with its place; a pack is either wholly valid or not a pack. */
import { ProvisoError } from '#base/errors.ts';

/** A text file of a pack. */
export interface PackFile {
  /** From the pack's folder, with `/`. */
  readonly path: string;
  readonly text: string;
}

export interface Problem {
  readonly path: string;
  /** Both from 1; absent where the file as a whole is meant. */
  readonly line?: number | undefined;
  readonly column?: number | undefined;
  readonly message: string;
}

/** @param offset in UTF-16 units of the file's text */
export function problemAt({ path, text }: PackFile, offset: number, message: string): Problem {
  const before = text.slice(0, offset).split('\n');
  return { path, line: before.length, column: (before.at(-1)?.length ?? 0) + 1, message };
}

/** The UTF-16 offset in `text` of the character that begins at a UTF-8 offset. */
export function offsetOfByte(text: string, byteOffset: number): number {
  return Buffer.from(text, 'utf8').subarray(0, byteOffset).toString('utf8').length;
}

/** @param dir the pack's folder, put before each path */
export function termsInvalid(dir: string, problems: readonly Problem[]): ProvisoError {
  const lines = problems.map((problem) => problemLine(dir, problem));
  const [first] = problems;
  return new ProvisoError('terms_invalid', lines.join('\n'), {
    at: first ? place(dir, first) : dir,
    facts: { problems: lines },
  });
}

/** As `dir/file:line:column: what is wrong`. */
export function problemLine(dir: string, problem: Problem): string {
  return `${place(dir, problem)}: ${problem.message}`;
}

function place(dir: string, { path, line, column }: Problem): string {
  const file = `${dir.replace(/(?<=.)\/+$/, '')}/${path}`;
  return line === undefined ? file : `${file}:${line}:${column}`;
}
