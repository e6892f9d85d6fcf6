/**
 * Runs: words with digits, and short words in capitals among them, that stand close together. Every
 * identifier with digits in it, written with whatever gaps, is part of one run.
 */

export interface Run {
  readonly start: number;
  readonly end: number;
  readonly digits: number;
  readonly hasCapital: boolean;
  readonly dots: number;
}

/** Runs end here, so that the time can be looked at. */
const RUN_MAX = 4_096;
/** No identifier is longer as it is written. */
const IDENTIFIER_MAX = 64;
/** `) -` */
const GAP_MAX = 3;
/** Words in capitals up to this length join a run: `GB82 WEST …`, `AB12 CDE`. */
const CAPITALS_MAX = 6;

/** The first run that begins at `from` or later. */
export function nextRun(text: string, from: number): Run | undefined {
  for (let i = from; i < text.length; i++) {
    if (isDigit(text.charCodeAt(i))) return runAround(text, i, from);
  }
  return undefined;
}

/** Where to look for the next one: what a cut run may have split is looked at again, whole. */
export function afterRun({ start, end }: Run): number {
  return end - start < RUN_MAX ? end : end - IDENTIFIER_MAX;
}

/** The run that the digit at `at` is part of; nothing before `floor` belongs to it. */
function runAround(text: string, at: number, floor: number): Run {
  let start = at;
  for (let word = wordBefore(text, start, floor); word < start; ) {
    start = word;
    word = wordBefore(text, start, floor);
  }
  while (start > floor && isOpening(text.charCodeAt(start - 1))) start--;
  let end = start;
  let digits = 0;
  let hasCapital = false;
  let dots = 0;
  while (end - start < RUN_MAX) {
    const next = wordAfter(text, end);
    if (next === end) break;
    for (let i = end; i < next; i++) {
      const code = text.charCodeAt(i);
      if (isDigit(code)) digits++;
      else if (isCapital(code)) hasCapital = true;
      else if (code === 0x2e) dots++;
    }
    end = next;
  }
  return { start, end, digits, hasCapital, dots };
}

/** Where the run's word before `start` begins; `start` when the run begins there. */
function wordBefore(text: string, start: number, floor: number): number {
  let end = start;
  while (end > floor && start - end < GAP_MAX && isGap(text.charCodeAt(end - 1))) end--;
  let first = end;
  while (first > floor && isWord(text.charCodeAt(first - 1))) first--;
  return first < end && belongs(text, first, end) ? first : start;
}

/** Where the run's word after `end` ends; `end` when the run ends there. */
function wordAfter(text: string, end: number): number {
  let start = end;
  while (start - end < GAP_MAX && isGap(text.charCodeAt(start))) start++;
  let last = start;
  while (last - start < RUN_MAX && isWord(text.charCodeAt(last))) last++;
  return last > start && belongs(text, start, last) ? last : end;
}

function belongs(text: string, start: number, end: number): boolean {
  let isShortCapitals = end - start <= CAPITALS_MAX;
  for (let i = start; i < end; i++) {
    const code = text.charCodeAt(i);
    if (isDigit(code)) return true;
    if (!isCapital(code)) isShortCapitals = false;
  }
  return isShortCapitals;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

function isCapital(code: number): boolean {
  return code >= 0x41 && code <= 0x5a;
}

function isWord(code: number): boolean {
  return isDigit(code) || isCapital(code) || (code >= 0x61 && code <= 0x7a);
}

/** `(` and `+` */
function isOpening(code: number): boolean {
  return code === 0x28 || code === 0x2b;
}

/** Space, `(`, `)`, `+`, `-`, `.`, `/`. */
function isGap(code: number): boolean {
  return code === 0x20 || (code >= 0x28 && code <= 0x2f && code !== 0x2a && code !== 0x2c);
}
