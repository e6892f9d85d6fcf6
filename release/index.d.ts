/** A public Ed25519 key, as `GET /proviso/release-keys` lists them. */
export interface ReleaseKeyJwk {
  readonly kty: string;
  readonly crv?: string;
  readonly x?: string;
}

/** Where used releases are kept. It must outlive the executor's process. */
export interface SeenStore {
  /**
   * Keeps `id` at least until `expiresAt` (milliseconds since 1970), durably, in one step that tells
   * whether it was new. Executors that can do the same for the same callers share one store.
   */
  add(id: string, expiresAt: number): boolean | Promise<boolean>;
}

export interface Expected {
  /** Keys that are trusted: given beforehand, and never taken from a token. */
  readonly keys: readonly ReleaseKeyJwk[] | { readonly keys: readonly ReleaseKeyJwk[] };
  /** The name of the gateway's ledger. */
  readonly issuer: string;
  /** The tool that is about to run, letter by letter. */
  readonly tool: string;
  /** The very value that is about to be used: parsed JSON, or the text of a tool that takes text. */
  readonly arguments: unknown;
  readonly seen: SeenStore;
  /** Where given, the only caller for whom this executor acts. */
  readonly caller?: string;
  /** Where given, the hash of the tool's definition as this executor knows it. */
  readonly definition?: string | null;
  /** Milliseconds since 1970; the system's clock unless given. */
  readonly now?: number;
}

export interface ReleaseClaims {
  readonly action: string;
  readonly approvals: readonly number[];
  readonly arguments: string;
  readonly definition: string | null;
  readonly entry: number;
  readonly exp: number;
  readonly hold: string;
  readonly iat: number;
  readonly iss: string;
  readonly jti: string;
  readonly sub: string;
  readonly terms: string;
  readonly tool: string;
}

export interface VerifiedRelease {
  readonly claims: ReleaseClaims;
  /** A copy of the arguments that were verified: use these. */
  readonly arguments: unknown;
}

export type ReleaseErrorCode =
  | 'malformed'
  | 'unknown_key'
  | 'bad_signature'
  | 'wrong_issuer'
  | 'not_yet'
  | 'expired'
  | 'wrong_tool'
  | 'wrong_caller'
  | 'wrong_definition'
  | 'not_json'
  | 'wrong_arguments'
  | 'used';

export declare class ReleaseError extends Error {
  readonly code: ReleaseErrorCode;
  constructor(code: ReleaseErrorCode, message: string);
}

/**
 * Resolves when the executor may act: the release is right, timely, for these arguments, and used
 * for the first time. From then on it is used.
 * @throws ReleaseError saying why not
 */
export declare function verifyRelease(token: string, expected: Expected): Promise<VerifiedRelease>;

/**
 * RFC 8785.
 * @throws ReleaseError `not_json`
 */
export declare function canonicalJson(value: unknown): string;
