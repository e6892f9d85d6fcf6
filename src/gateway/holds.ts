/**
 * Holds in force: opened by whoever decides, answered by people, taken up once.
 * docs/spec/oversight.md
 *
 * INVARIANT (13): every change is an entry first. INVARIANT (6): one turn at a time counts the
 * signatures, decides again and writes the release, so that two nodes, tabs or clicks make one.
 */
import { type ErrorCode, ProvisoError } from '#base/errors.ts';
import type { JsonObject } from '#base/json.ts';
import { HOLD_KEPT_MS } from '#base/limits.ts';
import type { NewEntry } from '#ledger/entry.ts';
import { type ActionDraft, makeAction } from '#oversight/action.ts';
import { type Approvers, missing, type Requirement } from '#oversight/approvals.ts';
import {
  type ActionHold,
  type Denial,
  type Hold,
  type HoldEnd,
  holdEnded,
  holdOpened,
  newHoldId,
  type OversightEntry,
  signaturesOf,
} from '#oversight/hold.ts';
import { type FoldedEntry, HoldRegister } from '#oversight/register.ts';
import type { ReleaseKey } from '#oversight/release.ts';
import { alarmsOf, habitsOf, Reviews } from '#oversight/reviews.ts';
import { Challenges } from '#oversight/statement.ts';
import type { DecidedRule, Terms } from '#terms/terms.ts';
import { outcomeEntry } from './entries.ts';
import type { Gateway } from './gateway.ts';
import type { Origin } from './hold-origin.ts';
import { openReleaseKey } from './release-key.ts';

/** Where a hold stands now. */
export type HoldState = HoldEnd | 'open' | 'approved' | 'released';

/** A decision that was a hold, and what it was about. */
export interface Proposal {
  /** Number of the decision, which is durable and has no outcome yet. */
  readonly decision: number;
  /** The rules that determined it, and the terms in which they stand. */
  readonly rules: readonly DecidedRule[];
  readonly terms: Terms;
  readonly draft: DistributiveOmit<ActionDraft, 'asks' | 'expiresAt' | 'ledger' | 'terms'>;
  readonly origin: Origin;
}

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

/** What people are not asked, whatever the terms say. */
export const NOT_HELD: ReadonlySet<ErrorCode> = new Set([
  'holds_exceeded',
  'arguments_ambiguous',
  'action_too_large',
  'approval_required',
]);

const KINDS = ['hold', 'approval', 'release', 'hold_end'] as const;

/** In the place of a hold's id. */
const ANY = '*';

/** How often it is looked whether a hold has had its time. */
const LOOK_MS = 250;

export class Holds {
  readonly challenges = new Challenges();
  readonly #gateway: Gateway;
  readonly #onOpen: (hold: ActionHold) => void;
  #register = new HoldRegister();
  #reviews = new Reviews();
  /** By person: the rules that their answers break. */
  readonly #alarms = new Map<string, ReadonlySet<string>>();
  /** An entry that was refused may be in the log all the same. */
  #isStale = false;
  /** By hold: told when anything about it changes. */
  readonly #changes = new Map<string, PromiseWithResolvers<void>>();
  /** By caller: holds whose entry is on its way. */
  readonly #opening = new Map<string, number>();
  readonly #deliveries = new Map<string, number>();
  #key: Promise<ReleaseKey> | undefined;
  #looking: NodeJS.Timeout | undefined;
  #isStopping = false;

  /** @param onOpen is told of each hold on a real action */
  constructor(gateway: Gateway, onOpen: (hold: ActionHold) => void = () => undefined) {
    this.#gateway = gateway;
    this.#onOpen = onOpen;
  }

  /** Open holds survive a restart: they are folded from the ledger. */
  async open(): Promise<void> {
    await this.#fold();
    this.#look();
  }

  /** What signs releases, made when it is first asked for. */
  key(): Promise<ReleaseKey> {
    const { config, ledger } = this.#gateway;
    this.#key ??= openReleaseKey(config.dataDir, ledger).catch((thrown: unknown) => {
      this.#key = undefined;
      throw thrown;
    });
    return this.#key;
  }

  /**
   * A change, with all that is in the ledger known and nothing else changing meanwhile.
   * @throws ProvisoError what the ledger or the work throws
   */
  turn<T>(work: () => Promise<T>): Promise<T> {
    return this.#gateway.turns.take(async () => {
      if (this.#isStale) await this.#fold();
      return work();
    });
  }

  /**
   * Opens a hold; with it the decision has its outcome, `held`.
   * @returns its id
   * @throws ProvisoError `holds_exceeded`, `arguments_ambiguous`, `action_too_large`, or the ledger's;
   *   the decision has no outcome then
   */
  async hold({ decision, rules, terms, draft, origin }: Proposal): Promise<string> {
    const { ledger, clock, metrics } = this.#gateway;
    const caller = draft.caller.id;
    this.#requireRoom(caller);
    const requirements = requirementsOf(rules, terms);
    const expiresAt = clock.now() + Math.min(...requirements.map(({ withinMs }) => withinMs));
    const asks = requirements.map(({ approval }) => approval);
    const about = { asks, expiresAt, ledger: ledger.origin, terms: terms.pack.hash };
    const action = makeAction({ ...draft, ...about });
    const opening = { id: newHoldId(), decision, requirements };
    this.#opening.set(caller, (this.#opening.get(caller) ?? 0) + 1);
    try {
      const opened = holdOpened(opening, action, origin as object as JsonObject);
      // Both are in one batch, so that after a crash there are both or neither. INVARIANT (4)
      const written = this.write(opened, origin.vaultKey);
      const outcome = ledger.append(outcomeEntry(decision, { result: 'held', hold: opening.id }));
      await Promise.all([written, outcome]);
    } finally {
      this.#opening.set(caller, (this.#opening.get(caller) ?? 1) - 1);
      if (this.#opening.get(caller) === 0) this.#opening.delete(caller);
    }
    metrics.held('opened');
    const hold = this.find(opening.id);
    if (hold && !hold.isDrill) this.#onOpen(hold);
    return opening.id;
  }

  /** How people have answered. */
  get reviews(): Reviews {
    return this.#reviews;
  }

  /** Also one that has ended, for a day. */
  find(id: string): Hold | undefined {
    return this.#register.find(id);
  }

  /** Oldest first; those that have ended too, for a day. */
  list(): readonly Hold[] {
    return this.#register.list();
  }

  state(hold: Hold): HoldState {
    if (hold.end) return hold.end.end;
    return this.#due(hold) ?? (this.isApproved(hold) ? 'approved' : 'open');
  }

  /** Signatures that are still missing, by approval. */
  missing(hold: Hold, requirements = hold.requirements): ReadonlyMap<string, number> {
    const given = signaturesOf(hold);
    const { caller } = hold.shown;
    return new Map(
      requirements.map((requirement) => [
        requirement.approval,
        missing(requirement, caller, given, this.approvers),
      ]),
    );
  }

  /** Names of the approvals that are given, by the terms that asked and by those in force. */
  given(hold: Hold): readonly string[] {
    const { terms } = this.#gateway;
    const then = this.missing(hold);
    const now = this.missing(
      hold,
      hold.requirements.flatMap(({ approval }) => requirementOf(approval, terms) ?? []),
    );
    return [...then.keys()].filter((name) => then.get(name) === 0 && now.get(name) === 0);
  }

  /** Until when an approved hold can be taken up, and its release used. Milliseconds since 1970. */
  validUntil(hold: Hold): number {
    const last = Math.max(...hold.answers.map(({ decidedAt }) => decidedAt));
    return last + Math.min(...hold.requirements.map(({ validForMs }) => validForMs));
  }

  /** Ends a hold; where that was a denial, says which. */
  async end(hold: Hold, end: HoldEnd, denial: Denial = {}): Promise<void> {
    await this.write(holdEnded(hold, end, denial));
    this.#gateway.metrics.held(end);
  }

  /** Counts a delivery. @returns how many there were since the last start */
  delivered(id: string): number {
    const count = (this.#deliveries.get(id) ?? 0) + 1;
    this.#deliveries.set(id, count);
    return count;
  }

  /** Resolves when anything about the hold, or about any, changes, or when the gateway stops. */
  changed(id = ANY): Promise<void> {
    if (this.#isStopping) return Promise.resolve();
    const waiting = this.#changes.get(id) ?? Promise.withResolvers<void>();
    this.#changes.set(id, waiting);
    return waiting.promise;
  }

  get isStopping(): boolean {
    return this.#isStopping;
  }

  /** Calls that wait are answered by reference; the holds stay open. */
  stop(): void {
    this.#isStopping = true;
    clearTimeout(this.#looking);
    for (const { resolve } of this.#changes.values()) resolve();
  }

  get approvers(): Approvers {
    const { people } = this.#gateway;
    return { find: (id) => people.find(id), drills: (id) => this.#register.drills(id) };
  }

  /** Writes an entry and folds it; whoever waits for the hold is told. */
  async write(entry: OversightEntry, vaultKey?: string): Promise<number> {
    const at = this.#gateway.clock.now();
    const index = await this.#append({ ...entry, vaultKey });
    const folded = { ...entry, index, at } as FoldedEntry;
    this.#register.fold([folded]);
    this.#reviews.fold([folded]);
    const by = entry.kind === 'approval' ? entry.private?.['person'] : undefined;
    if (typeof by === 'string') this.#watch(by);
    if (entry.kind === 'hold') this.#look();
    const id = entry.public[entry.kind === 'hold' ? 'id' : 'hold'] as string;
    for (const about of [id, ANY]) {
      this.#changes.get(about)?.resolve();
      this.#changes.delete(about);
    }
    return index;
  }

  /** Tells the operator once of each way in which a person's answers have become worth a look. */
  #watch(person: string): void {
    const { config, clock, log, metrics } = this.#gateway;
    const habits = habitsOf(this.#reviews.of(person), clock.now());
    const before = this.#alarms.get(person) ?? new Set();
    const alarms = alarmsOf(person, habits, config.oversight.alarms);
    for (const { rule, words } of alarms) {
      if (before.has(rule)) continue;
      metrics.held(`alarm_${rule}`);
      log.warn({ person, rule }, words);
    }
    this.#alarms.set(person, new Set(alarms.map(({ rule }) => rule)));
  }

  async #append(entry: NewEntry): Promise<number> {
    try {
      return await this.#gateway.ledger.append(entry);
    } catch (thrown) {
      this.#isStale = true;
      throw thrown;
    }
  }

  /** Within a turn: for when the ledger says less than it did, since values were erased. */
  reread(): Promise<void> {
    return this.#fold();
  }

  async #fold(): Promise<void> {
    const register = new HoldRegister();
    const reviews = new Reviews();
    for await (const entry of this.#gateway.ledger.history(KINDS)) {
      register.fold([entry]);
      reviews.fold([entry]);
      this.#gateway.people.fold([entry]);
    }
    this.#register = register;
    this.#reviews = reviews;
    this.#isStale = false;
  }

  #requireRoom(caller: string): void {
    const { config, metrics } = this.#gateway;
    const { holdsMax, holdsPerCallerMax } = config.oversight;
    const open = this.#register.open();
    const opening = [...this.#opening.values()].reduce((sum, count) => sum + count, 0);
    const own =
      open.filter(({ shown }) => shown.caller.id === caller).length +
      (this.#opening.get(caller) ?? 0);
    if (open.length + opening < holdsMax && own < holdsPerCallerMax) return;
    metrics.held('exceeded');
    const whose = own < holdsPerCallerMax ? 'are open' : 'of this caller are open';
    throw new ProvisoError(
      'holds_exceeded',
      `More holds ${whose} than people can judge; this one was not asked for.`,
    );
  }

  isApproved(hold: Hold): boolean {
    return [...this.missing(hold).values()].every((count) => count === 0);
  }

  /** How a hold has ended whose time has passed. */
  #due(hold: Hold): HoldEnd | undefined {
    const now = this.#gateway.clock.now();
    if (this.isApproved(hold)) return now < this.validUntil(hold) ? undefined : 'lapsed';
    return now < hold.expiresAt ? undefined : 'expired';
  }

  /** Looks again as long as there is anything to end. */
  #look(): void {
    if (this.#looking || this.#isStopping || this.#register.open().length === 0) return;
    this.#looking = setTimeout(() => {
      this.#endDue().then(
        () => {
          this.#looking = undefined;
          this.#look();
        },
        (err: unknown) => {
          this.#looking = undefined;
          this.#gateway.log.error({ err }, 'a hold could not be ended');
          this.#look();
        },
      );
    }, LOOK_MS).unref();
  }

  async #endDue(): Promise<void> {
    this.#register.forget(this.#gateway.clock.now() - HOLD_KEPT_MS);
    for (const id of this.#deliveries.keys()) if (!this.find(id)) this.#deliveries.delete(id);
    if (!this.#register.open().some((hold) => this.#due(hold))) return;
    await this.turn(async () => {
      for (const hold of this.#register.open()) {
        const end = this.#due(hold);
        if (end) await this.end(hold, end);
      }
    });
  }
}

/** Each approval that the rules ask for, once, as the terms have it. */
export function requirementsOf(
  rules: readonly DecidedRule[],
  terms: Terms,
): readonly Requirement[] {
  const names = new Set(rules.flatMap(({ hold }) => hold ?? []));
  const found = [...names].map((name) => requirementOf(name, terms));
  if (found.length === 0 || found.includes(undefined)) {
    throw new ProvisoError('approval_required', 'The terms do not say who could approve it.');
  }
  return found as readonly Requirement[];
}

function requirementOf(approval: string, { pack }: Terms): Requirement | undefined {
  const asked = pack.approvals.get(approval);
  if (!asked) return undefined;
  const { within: withinMs, validFor: validForMs, ...rest } = asked;
  return { approval, ...rest, withinMs, validForMs };
}
