/** The stage that makes a decision durable before anything follows from it, and its outcome after. */
import { hash } from 'node:crypto';
import type { ProvisoError } from '#base/errors.ts';
import { canonicalJson, type JsonValue } from '#base/json.ts';
import type { Attempt } from '#providers/carry.ts';
import type { DecidedCall, Undecided } from './decide.ts';
import type { Delivered } from './deliver.ts';
import { decisionEntry, type OutcomeFacts, outcomeEntry } from './entries.ts';
import type { Gateway } from './gateway.ts';
import type { Reply } from './reply.ts';
import type { Sealed } from './vault-key.ts';

declare const recorded: unique symbol;

/** With the number of its decision in the ledger, which is on disk. */
export type Recorded<P> = P & { readonly entry: number; readonly [recorded]: true };

/**
 * INVARIANT (3): resolves only when the decision is durable.
 * @param parent of a call that is decided again, the entry of its hold
 * @throws ProvisoError `ledger_unavailable`
 */
export async function recordDecision<P extends Undecided & DecidedCall & Sealed>(
  decided: P,
  gateway: Gateway,
  parent?: number,
): Promise<Recorded<P>> {
  const { request, decision } = decided;
  const entry = await gateway.ledger.append(
    decisionEntry({
      action: request.operation,
      code: decision.code,
      effect: decision.effect,
      parent,
      protocol: decided.protocol,
      purpose: decided.purpose?.id,
      rules: decision.rules.map(({ id }) => id),
      isStreamed: request.operation === 'generate' && request.stream,
      targets: decided.targets.map(({ name }) => name),
      terms: decided.terms,
      toolClass: undefined,
      caller: decided.caller,
      facts: decided.facts,
      content: contentOf({ request, findings: decided.signals.findings }, gateway),
      vaultKey: decided.vaultKey,
    }),
  );
  gateway.metrics.decided(request.operation, decision.effect);
  return { ...decided, entry } as P & { entry: number } as Recorded<P>;
}

/**
 * INVARIANT (4): called once for each recorded decision. Nothing waits for it: should it never
 * reach the disk, recovery writes `lost` in its place.
 */
export function recordOutcome(entry: number, outcome: OutcomeFacts, gateway: Gateway): void {
  gateway.ledger.append(outcomeEntry(entry, outcome)).catch((error: unknown) => {
    gateway.log.error({ err: error, entry }, 'outcome not recorded');
  });
}

export function outcomeOf(
  delivered: Delivered,
  attempts: readonly Attempt[],
  dropped: ReadonlySet<string>,
  vaultKey: string,
  gateway: Gateway,
): OutcomeFacts {
  const { result, finish, usage, parts } = delivered;
  return {
    result,
    attempts,
    dropped,
    finish: finish?.reason,
    usage,
    content: contentOf({ parts }, gateway),
    vaultKey,
  };
}

export function failureOutcome(
  error: ProvisoError,
  attempts: readonly Attempt[],
  reply: Reply,
): OutcomeFacts {
  const isDenial = attempts.length === 0 && error.facts['entry'] !== undefined;
  const result = isDenial ? 'denied' : reply.isGone ? 'cancelled' : 'failed';
  return { result, code: error.code, attempts: isDenial ? undefined : attempts };
}

/** The words themselves, for the vault, or only their digest, as the operator chose. */
export function contentOf(content: object, { config }: Gateway): object {
  if (config.ledger.content === 'full') return content;
  const written = JSON.parse(JSON.stringify(content)) as JsonValue;
  return { sha256: hash('sha256', canonicalJson(written), 'hex') };
}
