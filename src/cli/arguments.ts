/** Values on the command line, as commander hands them over: text → what was meant, or an error. */
import { InvalidArgumentError } from 'commander';

/** A whole number from `least` to `most`. */
export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`Give a whole number from ${least} to ${most}.`);
  };
}

/** `12..34`, both included. */
export function entryRange(text: string): { readonly first: number; readonly last: number } {
  const [, first = '', last = ''] = /^(\d{1,15})\.\.(\d{1,15})$/.exec(text) ?? [];
  if (first !== '' && Number(first) <= Number(last)) {
    return { first: Number(first), last: Number(last) };
  }
  throw new InvalidArgumentError('Give two numbers of entries, such as 100..199.');
}

/** `a,b` and repeated options alike. */
export function list(text: string, before: readonly string[] = []): readonly string[] {
  const items = text.split(',').map((item) => item.trim());
  return [...before, ...items.filter((item) => item !== '')];
}

const SPAN_MS: Readonly<Record<string, number>> = { h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/** `2030-01-31`, an instant with its zone, or a time from now: `12h`, `90d`, `4w`. ISO 8601, UTC. */
export function instantOrSpan(text: string): string {
  const spanMs = spanOf(text);
  return spanMs === undefined ? instantOf(text, 'from now') : isoOf(Date.now() + spanMs);
}

/** The same of the past: a time before now. */
export function instantOrSpanAgo(text: string): string {
  const spanMs = spanOf(text);
  return spanMs === undefined ? instantOf(text, 'ago') : isoOf(Date.now() - spanMs);
}

function spanOf(text: string): number | undefined {
  const [, count = '', unit = ''] = /^(\d{1,5})([hdw])$/.exec(text) ?? [];
  return unit === '' ? undefined : Number(count) * (SPAN_MS[unit] ?? 0);
}

function isoOf(ms: number): string {
  return new Date(ms).toISOString();
}

function instantOf(text: string, direction: string): string {
  const isWhole = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?$/.test(text);
  const ms = isWhole ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(ms)) return isoOf(ms);
  throw new InvalidArgumentError(
    `Give a day (2030-01-31), an instant (2030-01-31T12:00:00Z) or a time ${direction} (12h, 90d, 4w).`,
  );
}
