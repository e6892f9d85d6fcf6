/**
 * Every bound in one place, each with its reason. Those that operators may change stand in
 * `DEFAULT_LIMITS` and in proviso.yaml under `limits`; the others are part of a format.
 */

/** Deep enough for any JSON Schema seen in practice, shallow enough for every recursion here. */
export const JSON_DEPTH_MAX = 128;

/** A log entry's length is a uint16 (C2SP tlog-tiles). */
export const ENTRY_BYTES_MAX = 65_535;

export const LEDGER_LIMITS = {
  /** How far what is published may be behind what is acknowledged: a reader's wait. */
  publishMs: 1_000,
  /** Read back at a start; a few seconds of entries at full load. */
  journalSegmentBytes: 8 * 1024 * 1024,
  /** Memory for entries that wait for publication; past it, the next batch waits too. */
  unpublishedBytesMax: 64 * 1024 * 1024,
  /** Memory for entries that wait for the disk; past it, new decisions are refused. */
  waitingBytesMax: 64 * 1024 * 1024,
  /** From a failed write to the next attempt to write again. */
  retryMs: 1_000,
  /** A clock may have been set back by this much at a start, as time services do. */
  clockBackMsMax: 1_000,
  /** Data keys in memory; a further subject or purpose costs one small read. */
  vaultKeysCachedMax: 10_000,
} as const;

export type LedgerLimits = { readonly [K in keyof typeof LEDGER_LIMITS]: number };

/** A held action in canonical JSON: more than this nobody reads to its end before signing. */
export const ACTION_BYTES_MAX = 256 * 1024;
/** From the question to the signature; a page that is left open asks again. */
export const STATEMENT_MS_MAX = 5 * 60_000;
/** Questions that wait for a signature, over all holds; past it the oldest is asked anew. */
export const CHALLENGES_MAX = 10_000;
/** How long a hold that ended is still told to who asks by reference. */
export const HOLD_KEPT_MS = 24 * 60 * 60_000;
/** … and how many of them, each up to the size of an action. */
export const HOLDS_KEPT_MAX = 1_000;

/** A proof of terms before they come into force, in a gateway that serves meanwhile. */
export const PROOF_LIMITS = {
  /** Each may need some hundred MB. */
  processes: 2,
  /** Of one question; what takes longer is not proven. */
  questionMsMax: 10_000,
  /** Of all of them: other terms wait for their turn. */
  wholeMsMax: 10 * 60_000,
} as const;

/** Answers of a solver that are kept on disk, for work on drafts. */
export const ANSWER_CACHE_LIMITS = {
  /** A pack of a hundred rules asks some hundred questions; past this many the oldest half goes. */
  answersMax: 20_000,
  /** A model that is larger is found again. */
  bytesMax: 1024 * 1024,
} as const;

/** Beside one pack: several for each party, as where a key is exchanged. */
export const SIGNATURES_MAX = 64;
/** A signature on terms, with what it releases. */
export const SIGNATURE_BYTES_MAX = 16 * 1024;
/** Attempts to bring terms into force, whose end is kept for who asks. */
export const ATTEMPTS_MAX = 16;

export const MASTER_KEY_LIMITS = {
  /** For a command that prints the vault's master key: a key management service answers in a second. */
  waitMsMax: 30_000,
  /** Of what it prints: 44 characters, and what a program may add. */
  outputBytesMax: 4_096,
} as const;

export const DISCLOSURE_LIMITS = {
  /** Of a file: what a browser can still hold several times over. */
  fileBytesMax: 256 * 1024 * 1024,
  /** Entries shown in one: those of an hour of a busy gateway. */
  entriesMax: 200_000,
} as const;

export const DEFAULT_LIMITS = {
  /** Images travel as base64 in the body: the largest that the three vendors accept is 32 MB. */
  bodyBytesMax: 32 * 1024 * 1024,
  /** Node's default is 16 KiB; long bearer tokens fit. */
  headerBytesMax: 16 * 1024,
  /** Sockets that callers may hold open. */
  connectionsMax: 10_000,
  /** Calls between decision and outcome, streams included. */
  openCallsMax: 4_000,
  /** How long a caller may take to send its request. */
  requestWaitMsMax: 60_000,
  /** From the request's last byte to the answer's first. Reasoning models take minutes. */
  firstByteWaitMsMax: 300_000,
  /** Silence within a stream, and of a caller that reads nothing of what it was sent. */
  streamIdleMsMax: 120_000,
  /** To open a connection to a provider. */
  connectWaitMsMax: 10_000,
  /** A whole answer, streamed or not: what is recorded of it is kept until its end. */
  answerBytesMax: 64 * 1024 * 1024,
  /** One event of a stream, before it ends. */
  eventBytesMax: 16 * 1024 * 1024,
  /** Unsent bytes to a slow client before the provider is paused. */
  unsentBytesMax: 256 * 1024,
  /** Attempts at one provider, the first included. */
  attemptsMax: 3,
  /** Each is a connection to a server, or a program of its own. */
  mcpSessionsMax: 256,
  /** A client that is gone did not always say so. */
  mcpIdleMsMax: 30 * 60_000,
  /** Messages to one client that a broken stream may ask for again. */
  mcpEventsMax: 256,
  /** From SIGTERM until open calls are cut off. */
  drainWaitMsMax: 30_000,
} as const;

export type Limits = { readonly [K in keyof typeof DEFAULT_LIMITS]: number };
