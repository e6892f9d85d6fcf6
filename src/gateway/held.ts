/**
 * Calls that wait for people: how long, and how they go on. docs/spec/oversight.md#for-callers
 */
import type { IncomingHttpHeaders } from 'node:http';
import { ProvisoError } from '#base/errors.ts';
import type { Config } from '#config/config.ts';
import type { Protocol } from '#wire/exchange.ts';
import type { Gateway } from './gateway.ts';
import type { Reply } from './reply.ts';
import { type Taken, takeUp } from './take-up.ts';

/** What the caller wants while people are asked. */
export interface HoldWish {
  readonly onHold: 'wait' | 'reference';
  /** An approved hold of a call, which this call repeats. */
  readonly hold?: string | undefined;
}

/** What the answer tells of holds beside its body. */
export interface HoldNotes {
  readonly ids: string[];
  /** Tokens, in the order of the tool calls. */
  readonly releases: string[];
  /** Comment lines for a stream, until they are sent. */
  readonly comments: string[];
  /** A call waits from here on. */
  onWait?: (() => void) | undefined;
}

/** @throws ProvisoError `invalid_request` */
export function holdWish(
  { 'proviso-hold': header }: IncomingHttpHeaders,
  { onHold }: Config['oversight'],
): HoldWish {
  if (header === undefined) return { onHold };
  if (header === 'wait' || header === 'reference') return { onHold: header };
  if (typeof header === 'string' && /^hld_[A-Za-z0-9_-]{22}$/.test(header)) {
    return { onHold, hold: header };
  }
  throw new ProvisoError(
    'invalid_request',
    '`proviso-hold` must be `wait`, `reference`, or the id of a hold.',
    { at: 'proviso-hold' },
  );
}

export function holdNotes(): HoldNotes {
  return { ids: [], releases: [], comments: [] };
}

/** As many releases as a header has room for; the references have them all. */
const RELEASES_IN_HEADER_MAX = 6;

export function setHoldHeaders(reply: Reply, { ids, releases }: HoldNotes): void {
  reply.header('proviso-hold', ids.join(', '));
  if (releases.length > 0) {
    reply.header('proviso-release', releases.slice(0, RELEASES_IN_HEADER_MAX).join(', '));
  }
}

/**
 * Something that is no event, so that nobody between the two ends gives a quiet stream up.
 * @returns ends it
 */
export function keepAlive(reply: Reply, protocol: Protocol, everyMs: number): () => void {
  const sign = commentsIn(protocol, ['people are asked']) || '\n';
  const timer = setInterval(() => reply.write(sign, () => undefined), everyMs);
  timer.unref();
  return () => clearInterval(timer);
}

/**
 * Comments of a stream. Google's client for Python takes a comment for an answer and fails; an empty
 * line it passes over, like all others.
 */
export function commentsIn(protocol: Protocol, comments: readonly string[]): string {
  if (protocol === 'gemini') return '';
  return comments.map((comment) => `: ${comment}\n\n`).join('');
}

/** How long this answer waits for people. */
export function waitMsOf({ onHold }: HoldWish, isStreamed: boolean, { oversight }: Config): number {
  if (isStreamed) return oversight.streamWaitMsMax;
  return onHold === 'wait' ? oversight.waitMsMax : 0;
}

/** Whoever waits for people: a reply, or another protocol's client. */
export type Waiting = Pick<Reply, 'isClosed' | 'whenClosed'>;

/** Takes a held tool call up as soon as it is approved, or says how it stands when the wait is over. */
export async function settle(
  gateway: Gateway,
  id: string,
  reply: Waiting,
  waitMs: number,
): Promise<Taken> {
  for await (const _ of looks(gateway, id, reply, waitMs)) {
    const taken = await takeUp(gateway, id);
    if (taken.state !== 'open') return taken;
  }
  return takeUp(gateway, id);
}

/** Yields at once, and then at each change, until the wait is over. */
export async function* looks(
  { holds }: Gateway,
  id: string,
  reply: Waiting,
  waitMs: number,
): AsyncGenerator<void> {
  const untilMs = performance.now() + waitMs;
  for (;;) {
    // Before the look, so that no change between the two is missed.
    const change = holds.changed(id);
    yield;
    const leftMs = untilMs - performance.now();
    if (leftMs <= 0 || reply.isClosed || holds.isStopping) return;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, leftMs).unref();
    });
    await Promise.race([change, late, reply.whenClosed()]);
    clearTimeout(timer);
  }
}
