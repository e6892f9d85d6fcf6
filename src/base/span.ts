/** Spans of the calendar, as agreements have them: `6 months`, `184 days`. Instants are UTC. */

export interface Span {
  readonly count: number;
  readonly unit: 'day' | 'week' | 'month' | 'year';
}

const UNITS: Readonly<Record<string, Span['unit']>> = {
  d: 'day',
  day: 'day',
  w: 'week',
  week: 'week',
  month: 'month',
  y: 'year',
  year: 'year',
};
const DAY_MS = 86_400_000;

/** @param text `6 months`, `184d`, `26 weeks`, `1 year`; `undefined` where it is none of these */
export function parseSpan(text: string): Span | undefined {
  const [, digits = '', word = ''] = /^(\d{1,4}) ?([a-z]+)$/.exec(text) ?? [];
  const unit = UNITS[word] ?? UNITS[word.replace(/s$/, '')];
  return unit === undefined || Number(digits) === 0 ? undefined : { count: Number(digits), unit };
}

/** The one way in which it is written. */
export function spanWords({ count, unit }: Span): string {
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}

/** The instant that lies the span before another, in milliseconds since 1970. */
export function spanBefore(instant: number, { count, unit }: Span): number {
  if (unit === 'day') return instant - count * DAY_MS;
  if (unit === 'week') return instant - count * 7 * DAY_MS;
  const date = new Date(instant);
  const day = date.getUTCDate();
  date.setUTCDate(1);
  date.setUTCMonth(date.getUTCMonth() - (unit === 'year' ? 12 * count : count));
  // A month that has no such day ends with its last.
  const lastDay = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();
  date.setUTCDate(Math.min(day, lastDay));
  return date.getTime();
}
