/**
 * Calls that two packs decide differently: one for each rule that makes a difference.
 *
 * One pack is the freer for a call where it permits what the other holds or denies, or holds what the
 * other denies. The stricter one then has a reason: a forbid, an error, or that nothing permits it.
 * So asking for each reason of each pack finds all that there are, and an answer `none` to all of
 * them is a proof that the two decide alike.
 */

import type { Pack } from '../pack.ts';
import { type EnvironmentName, environmentName } from '../prove/analyze.ts';
import { all, any, type Claim, no } from '../prove/claim.ts';
import {
  anyMatches,
  decides,
  denialsOf,
  type Effect,
  errsRule,
  holdsOf,
  matchesRule,
  permitsOf,
} from '../prove/pack-policies.ts';
import type { Prover } from '../prove/prover.ts';
import { holdsCompiled, holdsReference, requestOfCall } from '../prove/replay.ts';
import type { ReferenceCall } from '../reference.ts';
import type { PackRule } from '../rules.ts';
import type { RequestType } from '../typing/schema.ts';

export type Side = 'first' | 'second';

/** Why the stricter of the two allows less. */
export type Reason =
  | 'forbids'
  /** No rule of it permits. */
  | 'does not permit'
  /** A rule of it cannot be evaluated, which denies. */
  | 'errs'
  /** Its schema has no such kind of call. */
  | 'does not know';

export interface Found {
  readonly freer: Side;
  readonly effects: Readonly<Record<Side, Effect>>;
  readonly reason: Reason;
  /** That make the difference, all of one clause; the freer one's where the stricter has none. */
  readonly rules: readonly PackRule[];
  readonly environment: EnvironmentName;
  readonly request: ReferenceCall;
}

export interface Unknown {
  readonly environment: EnvironmentName;
  readonly reason: string;
}

export interface Differences {
  readonly found: readonly Found[];
  readonly unknown: readonly Unknown[];
}

export interface Environment {
  readonly type: RequestType;
  readonly knownTo: 'both' | Side;
}

/** Two packs, and how both are asked together. */
export interface Question {
  readonly packs: Readonly<Record<Side, Pick<Pack, 'rules' | 'redLines'>>>;
  /** In the order in which examples are wanted. */
  readonly environments: readonly Environment[];
  readonly prover: Prover;
  /** Of both packs. */
  readonly schema: string;
}

/** @param report is told after each environment, for each direction and pair of effects */
export async function differences(
  question: Question,
  report: (done: number, total: number) => void,
): Promise<Differences> {
  const searches = SIDES.flatMap((freer) =>
    STEPS.map(([free, strict]) => new Search(question, freer, { free, strict })),
  );
  const total = searches.length * question.environments.length;
  let done = 0;
  await Promise.all(searches.map((search) => search.run(() => report(++done, total))));
  return {
    found: searches.flatMap(({ found }) => found),
    unknown: searches.flatMap(({ unknown }) => unknown),
  };
}

const SIDES: readonly Side[] = ['first', 'second'];

/** What the freer one decides, and the stricter. */
const STEPS: readonly (readonly [Effect, Effect])[] = [
  ['permit', 'hold'],
  ['permit', 'deny'],
  ['hold', 'deny'],
];

/** Rules that would make the stricter one stricter, for one reason. */
interface Suspects {
  readonly reason: Reason;
  readonly suspects: readonly Suspect[];
}

interface Suspect {
  readonly rule: PackRule;
  readonly claim: Claim;
  /** The same where nothing else does it too, the narrowest first: an example that tells more. */
  readonly narrower: readonly Claim[];
}

/** For one direction and one pair of effects, environment by environment. */
class Search {
  readonly found: Found[] = [];
  readonly unknown: Unknown[] = [];
  readonly #question: Question;
  readonly #freer: Side;
  readonly #effects: { readonly free: Effect; readonly strict: Effect };
  readonly #free: readonly PackRule[];
  readonly #strict: readonly PackRule[];

  constructor(
    question: Question,
    freer: Side,
    effects: { readonly free: Effect; readonly strict: Effect },
  ) {
    this.#question = question;
    this.#freer = freer;
    this.#effects = effects;
    this.#free = inForce(question.packs[freer]);
    this.#strict = inForce(question.packs[other(freer)]);
  }

  async run(report: () => void): Promise<void> {
    for (const { type, knownTo } of this.#question.environments) {
      if (knownTo === 'both') await this.#compare(type);
      else if (knownTo === this.#freer) await this.#onlyFree(type);
      report();
    }
  }

  /** Both know such calls. */
  async #compare(type: RequestType): Promise<void> {
    const { free, strict } = this.#effects;
    const differs = all(decides(free, this.#free), decides(strict, this.#strict));
    if (!(await this.#isPossible(differs, type))) return;
    for (const { reason, suspects } of this.#suspects()) {
      const possible = await this.#possible(suspects, differs, type);
      for (const suspect of possible) await this.#ask(reason, suspect, differs, type);
    }
  }

  /** What a pack has no kind of call for, it cannot permit. */
  async #onlyFree(type: RequestType): Promise<void> {
    if (this.#effects.strict !== 'deny') return;
    const allowed = decides(this.#effects.free, this.#free);
    if (!(await this.#isPossible(allowed, type))) return;
    for (const rule of this.#allowing()) {
      const suspect = { rule, claim: matchesRule(rule), narrower: [] };
      await this.#ask('does not know', suspect, allowed, type);
    }
  }

  async #isPossible(claim: Claim, type: RequestType): Promise<boolean> {
    const answer = await this.#question.prover.find(claim, type);
    if (answer.result === 'unknown') this.#isUnknown(type, answer.reason);
    return answer.result === 'found';
  }

  /** By halves, since of many rules few make a difference. */
  async #possible(
    suspects: readonly Suspect[],
    differs: Claim,
    type: RequestType,
  ): Promise<readonly Suspect[]> {
    if (suspects.length === 0) return [];
    const together = all(differs, any(...suspects.map(({ claim }) => claim)));
    if (!(await this.#isPossible(together, type))) return [];
    if (suspects.length === 1) return suspects;
    const middle = suspects.length >> 1;
    return [
      ...(await this.#possible(suspects.slice(0, middle), differs, type)),
      ...(await this.#possible(suspects.slice(middle), differs, type)),
    ];
  }

  /** But for rules that both have word for word: where they apply, they apply in both. */
  *#suspects(): Generator<Suspects> {
    const { strict } = this.#effects;
    const isOwn = (rules: readonly PackRule[]) => {
      const texts = new Set(rules.map(({ source }) => source.text));
      return ({ source }: PackRule): boolean => !texts.has(source.text);
    };
    const forbids = [...denialsOf(this.#strict), ...holdsOf(this.#strict)];
    const forbidding = strict === 'hold' ? holdsOf(this.#strict) : denialsOf(this.#strict);
    yield {
      reason: 'forbids',
      suspects: forbidding.filter(isOwn(this.#free)).map((rule) => {
        const claim = matchesRule(rule);
        const others = forbids.filter((other) => !this.#isTwin(other, rule));
        const otherClauses = others.filter(({ clause }) => clause !== rule.clause);
        const without = (these: readonly PackRule[]): Claim => all(claim, no(anyMatches(these)));
        return { rule, claim, narrower: [without(others), without(otherClauses)] };
      }),
    };
    if (strict === 'hold') return;
    yield {
      reason: 'errs',
      suspects: this.#strict.filter(isOwn(this.#free)).map((rule) => {
        const claim = errsRule(rule);
        return { rule, claim, narrower: [all(claim, no(anyMatches(forbids)))] };
      }),
    };
    const nothing = all(
      no(anyMatches([...forbids, ...permitsOf(this.#strict)])),
      ...this.#strict.map((rule) => no(errsRule(rule))),
    );
    yield {
      reason: 'does not permit',
      suspects: this.#allowing()
        .filter(isOwn(this.#strict))
        .map((rule) => ({ rule, claim: all(matchesRule(rule), nothing), narrower: [] })),
    };
  }

  /** The rules of the freer one by which it permits, or holds. */
  #allowing(): readonly PackRule[] {
    return this.#effects.free === 'hold' ? holdsOf(this.#free) : permitsOf(this.#free);
  }

  async #ask(
    reason: Reason,
    { rule, claim, narrower }: Suspect,
    differs: Claim,
    type: RequestType,
  ): Promise<void> {
    const environment = environmentName(type, this.#question.prover);
    const like = this.found.filter(
      (found) => found.reason === reason && found.rules.includes(rule),
    );
    // A red line that forbids nothing that the rules do not needs no example of its own.
    const isShown = like.some((found) => sameName(found.environment, environment));
    if (isShown && this.#isRedLine(rule)) return;
    const asked = [...narrower, claim].map((claim) => all(differs, claim));
    if (this.#effects.free === 'hold') {
      // What is permitted once it is approved tells more than what is held for nothing.
      const permitted = anyMatches(permitsOf(this.#free));
      asked.unshift(...asked.map((claim) => all(claim, permitted)));
    }
    const request = await this.#example(asked, like, type);
    if (!request) return;
    const { free, strict } = this.#effects;
    const effects =
      this.#freer === 'first' ? { first: free, second: strict } : { first: strict, second: free };
    const rules = this.#rulesLike(rule, reason, request);
    this.found.push({ freer: this.#freer, effects, reason, rules, environment, request });
  }

  /** Of the first of the claims that any request fulfils. */
  async #example(
    claims: readonly Claim[],
    like: readonly Found[],
    type: RequestType,
  ): Promise<ReferenceCall | undefined> {
    let reason: string | undefined;
    for (const claim of claims) {
      const moved = this.#elsewhere(claim, like, type);
      if (moved) return moved;
      const answer = await this.#question.prover.find(claim, type);
      if (answer.result === 'found') return answer.request;
      if (answer.result === 'unknown') ({ reason } = answer);
    }
    if (reason !== undefined) this.#isUnknown(type, reason);
    return undefined;
  }

  /** An example of the same rule for another kind of call often is one for this kind too. */
  #elsewhere(claim: Claim, like: readonly Found[], type: RequestType): ReferenceCall | undefined {
    const { prover, schema } = this.#question;
    return like
      .map(({ request }) => movedTo(request, type, prover))
      .find((moved) => {
        const request = requestOfCall(moved);
        return request && holdsCompiled(claim, request) && holdsReference(claim, request, schema);
      });
  }

  /** All of the clause that the example shows, which need no example of their own. */
  #rulesLike(rule: PackRule, reason: Reason, call: ReferenceCall): readonly PackRule[] {
    const request = requestOfCall(call);
    const rules = reason === 'forbids' || reason === 'errs' ? this.#strict : this.#free;
    const claimOf = reason === 'errs' ? errsRule : matchesRule;
    return rules.filter(
      (like) =>
        like.clause === rule.clause &&
        like.policy.effect === rule.policy.effect &&
        (like.hold === undefined) === (rule.hold === undefined) &&
        request !== undefined &&
        holdsCompiled(claimOf(like), request),
    );
  }

  #isRedLine(rule: PackRule): boolean {
    return SIDES.some((side) => this.#question.packs[side].redLines.includes(rule));
  }

  /** Itself, or a red line and a rule of one clause, which often say the same. */
  #isTwin(a: PackRule, b: PackRule): boolean {
    return a === b || (a.clause === b.clause && this.#isRedLine(a) !== this.#isRedLine(b));
  }

  #isUnknown(type: RequestType, reason: string): void {
    this.unknown.push({ environment: environmentName(type, this.#question.prover), reason });
  }
}

/** Red lines are decided with the rules. */
function inForce({ rules, redLines }: Pick<Pack, 'rules' | 'redLines'>): readonly PackRule[] {
  return [...rules, ...redLines];
}

export function other(side: Side): Side {
  return side === 'first' ? 'second' : 'first';
}

function sameName(a: EnvironmentName, b: EnvironmentName): boolean {
  return a.principal === b.principal && a.action === b.action && a.resource === b.resource;
}

/** The same request with another action, which need not fit the schema. */
function movedTo(call: ReferenceCall, { action }: RequestType, { schema }: Prover): ReferenceCall {
  const uid = { ...action.action };
  const parents = [...action.ancestors].flatMap((key) => {
    const group = schema.actions.get(key)?.action;
    return group ? [{ ...group }] : [];
  });
  const before = JSON.stringify(call.action);
  const others = call.entities.filter((entity) => JSON.stringify(entity['uid']) !== before);
  return { ...call, action: uid, entities: [...others, { uid, attrs: {}, tags: {}, parents }] };
}
