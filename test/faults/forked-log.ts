/** A log whose key signs two histories, and asks for cosignatures on heads of both, by chance. */
import type { NoteSigner } from '#base/note.ts';
import { ExampleLog } from '#witness/log.example.ts';

const SIZE = 1_200;
const FORKED_AT = 3;
const STEP_MAX = 2;

export interface AskedHead {
  readonly request: Buffer;
  readonly size: number;
  /** In hex. */
  readonly root: string;
}

export interface ForkedLog {
  /** A head past `old`, or of `old` itself, of either history; `undefined` at the end of both. */
  next(old: number): AskedHead | undefined;
  /** Which of the histories has this root at this size: none, one, or both where they are one. */
  historiesWith(size: number, root: string): readonly number[];
}

export function forkedLog(signer: NoteSigner): ForkedLog {
  const entries = Array.from({ length: SIZE }, (_, i) => Buffer.from(`entry ${i}`));
  const one = new ExampleLog(signer, entries);
  const histories = [one, one.fork(FORKED_AT)];
  const rootOf = (log: ExampleLog, size: number) => Buffer.from(log.root(size), 'latin1');
  return {
    next(old) {
      const size = old + Math.floor(Math.random() * (STEP_MAX + 1));
      if (size > SIZE) return undefined;
      const log = histories[Math.random() < 0.5 ? 0 : 1] as ExampleLog;
      return { request: log.request(old, size), size, root: rootOf(log, size).toString('hex') };
    },
    historiesWith: (size, root) =>
      [0, 1].filter((i) => rootOf(histories[i] as ExampleLog, size).toString('hex') === root),
  };
}
