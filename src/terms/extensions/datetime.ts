/**
 * `datetime("2026-01-31T12:00:00Z")` and `duration("1d2h")`, both in milliseconds (Cedar RFC 80).
 */
import { add, floorRemainder, subtract, toLong } from '../long.ts';
import { type Datetime, type Duration, EvaluationError } from '../value.ts';

export function parseDatetime(text: string): Datetime {
  const ms = /^\d{4}-\d{2}-\d{2}/.test(text) ? instantOf(text) : undefined;
  if (ms === undefined) throw new EvaluationError(`not a datetime: ${JSON.stringify(text)}`);
  return { kind: 'datetime', ms };
}

export function parseDuration(text: string): Duration {
  const match = /^(-?)(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?$/.exec(text);
  if (!match || text === '' || text === '-') {
    throw new EvaluationError(`not a duration: ${JSON.stringify(text)}`);
  }
  let ms = 0n;
  for (const [unit, unitMs] of UNITS_MS.entries()) ms += BigInt(match[unit + 2] ?? '0') * unitMs;
  return { kind: 'duration', ms: toLong(match[1] === '-' ? -ms : ms) };
}

export function offset(datetime: Datetime, duration: Duration): Datetime {
  return { kind: 'datetime', ms: add(datetime.ms, duration.ms) };
}

export function durationSince(later: Datetime, earlier: Datetime): Duration {
  return { kind: 'duration', ms: subtract(later.ms, earlier.ms) };
}

/** Midnight, UTC, of the same day. */
export function toDate(datetime: Datetime): Datetime {
  return { kind: 'datetime', ms: subtract(datetime.ms, floorRemainder(datetime.ms, DAY_MS)) };
}

/** Time since midnight, UTC. */
export function toTime(datetime: Datetime): Duration {
  return { kind: 'duration', ms: floorRemainder(datetime.ms, DAY_MS) };
}

const DAY_MS = 86_400_000;
const UNITS_MS = [86_400_000n, 3_600_000n, 60_000n, 1_000n, 1n];

const DATETIME =
  /^(\d{4})-(\d{2})-(\d{2})(?:T(\d{2}):(\d{2}):(\d{2})(?:\.(\d{3}))?(?:Z|([+-])(\d{2})(\d{2})))?$/;

function instantOf(text: string): number | undefined {
  const match = DATETIME.exec(text);
  if (!match) return undefined;
  const part = (group: number): number => Number(match[group] ?? '0');
  const [year, month, day] = [part(1), part(2), part(3)];
  const [hour, minute, second, ms] = [part(4), part(5), part(6), part(7)];
  const [offsetHour, offsetMinute] = [part(9), part(10)];
  if (hour > 23 || minute > 59 || second > 59 || offsetHour > 23 || offsetMinute > 59) {
    return undefined;
  }
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  // A day that the month does not have lands in another month.
  if (date.getUTCMonth() !== month - 1) return undefined;
  const local = date.getTime() + ((hour * 60 + minute) * 60 + second) * 1000 + ms;
  const offsetMs = (offsetHour * 60 + offsetMinute) * 60_000;
  return match[8] === '-' ? local + offsetMs : local - offsetMs;
}
