/** What stands between a client and a server: the terms, the pinned definitions, the record. */
import type { JsonObject } from '#base/json.ts';
import type { Definition } from '#tools/definition.ts';
import type { Asker } from './asker.ts';

/** Something that a client wants of a server, or a server of its client. */
export interface Use {
  readonly method: string;
  /** The tool's name, or the one by which terms know the method. */
  readonly tool: string;
  /** Without `_meta`. */
  readonly params: JsonObject;
  /** Of a tool that the server defines, as it defines it now. */
  readonly definition: () => Promise<Definition | undefined>;
  /** An approved hold, which this repeats. */
  readonly hold?: string | undefined;
}

export interface ClearedUse {
  /** What was decided, and what is sent. */
  readonly params: JsonObject;
  /** Goes along in `_meta`: the release, where someone signed. */
  readonly meta?: JsonObject | undefined;
  /**
   * Takes the result through the detectors and the terms.
   * @throws ProvisoError where it may not be shown
   */
  readonly answered: (result: JsonObject) => Promise<JsonObject>;
}

export interface Guard {
  /**
   * INVARIANT (3): resolves when the permit is on disk.
   * @param signal is aborted when nobody waits for the answer any more
   * @throws ProvisoError why it is refused
   */
  decide(use: Use, asker: Asker, signal: AbortSignal): Promise<ClearedUse>;
  /** Of the tools that a server lists, those that may be called, as the client is to see them. */
  offered(listed: readonly Definition[]): Promise<JsonObject[]>;
  /** A notification that goes no further. */
  dropped(why: string): void;
  unreachable(cause: unknown): void;
  defect(cause: unknown): void;
}
