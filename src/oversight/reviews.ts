/**
 * How people decide: folded from the entries of holds and of the answers to them. Approving is not
 * oversight by itself; how long someone looked, how often they say yes, and whether they catch what
 * is made up to be caught, tells more. docs/spec/oversight.md#how-people-decide
 */
import { mean, quantileSorted } from 'simple-statistics';
import type { FoldedEntry } from './register.ts';

/** One answer. */
export interface Review {
  readonly person: string;
  /** Of the action: the tool's classes, or the operation. */
  readonly kind: string;
  readonly verdict: 'approve' | 'reject';
  /** Milliseconds since 1970. */
  readonly at: number;
  /** How long it was looked at, as the page measured; absent for answers from elsewhere. */
  readonly visibleMs?: number | undefined;
  readonly isDrill: boolean;
}

/** Of one person and kind of action, or of everyone together. */
export interface Habits {
  readonly answers: number;
  readonly approvedShare: number;
  /** Median, milliseconds; absent where nobody measured. */
  readonly visibleMs?: number | undefined;
  /** Answers by the hour of the day, UTC. */
  readonly hours: readonly number[];
  readonly lastHour: number;
  readonly drills: { readonly answered: number; readonly caught: number };
}

/** What an overseer is told of. */
export interface Alarm {
  readonly person: string;
  readonly rule: 'too_fast' | 'too_uniform' | 'too_many' | 'drills_missed';
  readonly words: string;
}

export interface AlarmRules {
  /** Answers on which a rule needs to stand before it speaks. */
  readonly answersMin: number;
  /** A median below it is too fast. */
  readonly visibleMsMin: number;
  /** A larger share of approvals is too uniform. */
  readonly approvedShareMax: number;
  readonly answersPerHourMax: number;
  readonly drillsCaughtMin: number;
}

/** Of a person, as many of the newest answers are looked at. */
const KEPT_MAX = 500;
const HOUR_MS = 3_600_000;

export class Reviews {
  readonly #byPerson = new Map<string, Review[]>();
  /** Holds that have not ended: what the answers to them are about. */
  readonly #open = new Map<string, { readonly kind: string; readonly isDrill: boolean }>();

  /** Applies entries in the ledger's order; those of other kinds are passed over. */
  fold(entries: Iterable<FoldedEntry>): this {
    for (const { kind, public: facts, private: kept, at } of entries) {
      const hold = facts[kind === 'hold' ? 'id' : 'hold'];
      if (typeof hold !== 'string') continue;
      if (kind === 'hold' && kept) this.#open.set(hold, aboutOf(kept));
      else if (kind === 'approval' && kept) this.#answer(hold, facts, kept, at);
      else if (kind === 'release' || kind === 'hold_end') this.#open.delete(hold);
    }
    return this;
  }

  people(): readonly string[] {
    return [...this.#byPerson.keys()];
  }

  /** The oldest first. */
  of(person: string): readonly Review[] {
    return this.#byPerson.get(person) ?? [];
  }

  all(): readonly Review[] {
    return [...this.#byPerson.values()].flat();
  }

  #answer(
    hold: string,
    { verdict }: FoldedEntry['public'],
    { person, visibleMs }: FoldedEntry['public'],
    at: number,
  ): void {
    const about = this.#open.get(hold);
    if (!about || typeof person !== 'string') return;
    const reviews = this.#byPerson.get(person) ?? [];
    reviews.push({
      ...about,
      person,
      verdict: verdict === 'approve' ? 'approve' : 'reject',
      at,
      ...(typeof visibleMs === 'number' ? { visibleMs } : {}),
    });
    if (reviews.length > KEPT_MAX) reviews.shift();
    this.#byPerson.set(person, reviews);
  }
}

/** @param nowMs milliseconds since 1970 */
export function habitsOf(reviews: readonly Review[], nowMs: number): Habits {
  const looked = reviews.flatMap(({ visibleMs }) => visibleMs ?? []).sort((a, b) => a - b);
  const drills = reviews.filter(({ isDrill }) => isDrill);
  const hours = Array.from({ length: 24 }, () => 0);
  for (const { at } of reviews) {
    const hour = new Date(at).getUTCHours();
    hours[hour] = (hours[hour] ?? 0) + 1;
  }
  return {
    answers: reviews.length,
    approvedShare:
      reviews.length === 0 ? 0 : mean(reviews.map(({ verdict }) => +(verdict === 'approve'))),
    ...(looked.length === 0 ? {} : { visibleMs: quantileSorted(looked, 0.5) }),
    hours,
    lastHour: reviews.filter(({ at }) => at > nowMs - HOUR_MS).length,
    drills: {
      answered: drills.length,
      caught: drills.filter(({ verdict }) => verdict === 'reject').length,
    },
  };
}

/** Which rules a person's answers break, over all kinds of action. */
export function alarmsOf(
  person: string,
  { answers, approvedShare, visibleMs, lastHour, drills }: Habits,
  rules: AlarmRules,
): readonly Alarm[] {
  const isEnough = answers >= rules.answersMin;
  const alarms: Alarm[] = [];
  const alarm = (rule: Alarm['rule'], words: string): void => {
    alarms.push({ person, rule, words });
  };
  if (isEnough && visibleMs !== undefined && visibleMs < rules.visibleMsMin) {
    alarm('too_fast', `Half of the answers came within ${seconds(visibleMs)} of looking.`);
  }
  if (isEnough && approvedShare > rules.approvedShareMax) {
    alarm('too_uniform', `${percent(approvedShare)} of ${answers} answers were yes.`);
  }
  if (lastHour > rules.answersPerHourMax) {
    alarm('too_many', `${lastHour} answers within the last hour.`);
  }
  if (drills.answered > 0 && drills.caught / drills.answered < rules.drillsCaughtMin) {
    alarm('drills_missed', `${drills.caught} of ${drills.answered} drills were caught.`);
  }
  return alarms;
}

function aboutOf({ action, drill }: FoldedEntry['public']) {
  const document = action as { readonly kind?: string; readonly operation?: string } & {
    readonly tool?: { readonly classes: readonly string[] };
  };
  const kind = document.tool ? document.tool.classes.join(' ') : (document.operation ?? '');
  return { kind, isDrill: drill !== undefined };
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(0)} %`;
}
