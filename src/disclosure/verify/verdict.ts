/** What verifying a file comes to: for a program, and with its sentences for a person. */
import type { ErrorCode } from '#base/errors.ts';
import type { JsonObject, JsonValue } from '#base/exact-json.ts';
import type { Cosignature } from './note.ts';

export interface Verdict {
  /** What kind of file it is; `unknown` where it is none that can be verified. */
  readonly file: 'disclosure' | 'sd-jwt' | 'tlog-proof' | 'checkpoint' | 'unknown';
  /** Does all that the file says follow from a signature by a key that the verifier trusts? */
  readonly isShown: boolean;
  /** Why not. */
  readonly problem: Problem | undefined;
  readonly checkpoint: VerdictCheckpoint | undefined;
  readonly entries: readonly ShownEntry[];
  /** Sentences. Empty unless `isShown`. */
  readonly shown: readonly string[];
  readonly notShown: readonly string[];
}

export interface Problem {
  readonly code: ErrorCode;
  readonly message: string;
  /** The verifier key that signed the file, where the verifier did not name it. */
  readonly signedBy?: string;
}

export interface VerdictCheckpoint {
  readonly origin: string;
  /** How many entries the ledger had. */
  readonly size: number;
  /** Base64. */
  readonly root: string;
  readonly cosignatures: readonly Cosignature[];
}

export interface ShownEntry {
  readonly index: number;
  readonly kind: string;
  /** Milliseconds since 1970, by the gateway's clock. */
  readonly at: number;
  readonly closes: number | undefined;
  readonly public: JsonObject;
  /** Private values that are disclosed, by name. */
  readonly private: Readonly<Record<string, JsonValue>>;
  readonly erased: readonly string[];
  /** Does it match the filters, as far as can be told? Absent for a neighbour of a range. */
  readonly matches: 'yes' | 'no' | 'unknown' | undefined;
}
