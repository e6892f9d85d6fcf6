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
  const span = /^(\d{1,5})([hdw])$/.exec(text);
  if (span) {
    return new Date(Date.now() + Number(span[1]) * (SPAN_MS[span[2] ?? ''] ?? 0)).toISOString();
  }
  const isWhole = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?$/.test(text);
  const ms = isWhole ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(ms)) return new Date(ms).toISOString();
  throw new InvalidArgumentError(
    'Give a day (2030-01-31), an instant (2030-01-31T12:00:00Z) or a time from now (12h, 90d, 4w).',
  );
}
