/**
 * Identifiers with digits in them. Each rule looks at the runs that could hold it, the most telling
 * rules first; what one rule has taken no other counts again.
 */
import { Cues } from './cues.ts';
import { checkTime } from './detector.ts';
import type { Rule, Sink } from './identifier.ts';
import { DISTINCTIVE_IDS, IDS_BY_CUE } from './national-ids.ts';
import { ACCOUNTS, IPV4, PASSPORT, PLATE, PLATE_BY_CUE, TELEPHONES } from './number-rules.ts';
import { findCoordinates, findIpv6 } from './places.ts';
import { afterRun, nextRun, type Run } from './runs.ts';

const RULES: readonly Rule[] = [
  ...ACCOUNTS,
  IPV4,
  ...DISTINCTIVE_IDS,
  ...TELEPHONES.filter(({ cue }) => cue === undefined),
  PLATE,
  PASSPORT,
  ...IDS_BY_CUE,
  ...TELEPHONES.filter(({ cue }) => cue !== undefined),
  PLATE_BY_CUE,
];

export function findNumbers(text: string, sink: Sink, untilMs: number): void {
  const cues = new Cues(text);
  for (let run = nextRun(text, 0); run; run = nextRun(text, afterRun(run))) {
    if (!mayIdentify(run)) continue;
    new RunReader(text, run, cues, sink).read();
    checkTime(untilMs);
  }
  findCoordinates(text, cues, sink);
  findIpv6(text, sink);
}

/** Whether any rule could match: years, prices and small counts are passed over. */
function mayIdentify({ digits, hasCapital, dots }: Run): boolean {
  return digits >= 6 || (digits >= 2 && hasCapital) || (digits >= 4 && dots >= 3);
}

class RunReader {
  readonly #run: Run;
  /** The run, and one character before and after it, so that the shapes see their boundaries. */
  readonly #segment: string;
  readonly #offset: number;
  readonly #cues: Cues;
  readonly #sink: Sink;
  readonly #taken: (readonly [number, number])[] = [];

  constructor(text: string, run: Run, cues: Cues, sink: Sink) {
    this.#run = run;
    this.#offset = Math.max(run.start - 1, 0);
    this.#segment = text.slice(this.#offset, run.end + 1);
    this.#cues = cues;
    this.#sink = sink;
  }

  read(): void {
    const { digits, hasCapital, dots, start, end } = this.#run;
    for (const rule of RULES) {
      if (digits < rule.digitsMin) continue;
      if (rule.needs === 'capital' && !hasCapital) continue;
      if (rule.needs === 'dots' && dots < 3) continue;
      if (rule.cue !== undefined && !this.#cues.isWithin(rule.cue, start, end)) continue;
      this.#apply(rule);
    }
  }

  #apply(rule: Rule): void {
    const { shape, cue } = rule;
    shape.lastIndex = 0;
    for (let match = shape.exec(this.#segment); match; match = shape.exec(this.#segment)) {
      const start = this.#offset + match.index;
      const isFree = !this.#taken.some(
        ([from, to]) => start < to && from < start + match[0].length,
      );
      const isCued = cue === undefined || this.#cues.isBefore(cue, start);
      if (isFree && isCued && this.#take(rule, match[0], start)) continue;
      // What is none from here may be one from the next word on.
      shape.lastIndex = match.index + 1;
    }
  }

  #take({ kind, valueOf }: Rule, whole: string, start: number): boolean {
    for (let text = whole; text !== ''; ) {
      const value = valueOf(text);
      if (value !== undefined) {
        this.#taken.push([start, start + text.length]);
        this.#sink(kind, value, start, start + text.length);
        return true;
      }
      // Telephone numbers have no fixed length: others may stand behind one.
      text = kind === 'telephone' ? withoutLastGroup(text) : '';
    }
    return false;
  }
}

/** Empty where too few digits for a telephone number are left. */
function withoutLastGroup(text: string): string {
  const shorter = text.replace(/[^\d]*\d*$/, '');
  return shorter.replace(/\D/g, '').length < 7 ? '' : shorter;
}
