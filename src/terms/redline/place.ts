/** Where in a file something stands. */

export interface Span {
  readonly file: string;
  /** Of its first character, both from 1; columns in UTF-16 units. */
  readonly line: number;
  readonly column: number;
  /** In bytes of UTF-8, as the clauses of terms.yaml count. */
  readonly start: number;
  readonly end: number;
}

/** @param start and `end` are UTF-16 offsets in the text */
export function spanIn(
  { file, text }: { readonly file: string; readonly text: string },
  start: number,
  end: number,
): Span {
  const before = text.slice(0, start);
  const line = before.split('\n').length;
  const startByte = Buffer.byteLength(before);
  return {
    file,
    line,
    column: start - (before.lastIndexOf('\n') + 1) + 1,
    start: startByte,
    end: startByte + Buffer.byteLength(text.slice(start, end)),
  };
}
