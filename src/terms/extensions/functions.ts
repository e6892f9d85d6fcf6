/** Cedar's extension functions by name, over values whose types are only known when they run. */
import { divideTowardsZero, type Long } from '../long.ts';
import { EvaluationError, type Value } from '../value.ts';
import { durationSince, offset, parseDatetime, parseDuration, toDate, toTime } from './datetime.ts';
import { parseDecimal } from './decimal.ts';
import { isInRange, isLoopback, isMulticast, parseIp } from './ip.ts';

export interface ExtensionFunction {
  readonly arity: 1 | 2;
  /** Throws `EvaluationError` on a wrong type, text that does not parse, or overflow. */
  readonly apply: (first: Value, second: Value) => Value;
}

export const EXTENSION_FUNCTIONS: ReadonlyMap<string, ExtensionFunction> = new Map([
  ['decimal', unary((a) => parseDecimal(asString(a)))],
  ['ip', unary((a) => parseIp(asString(a)))],
  ['datetime', unary((a) => parseDatetime(asString(a)))],
  ['duration', unary((a) => parseDuration(asString(a)))],
  ['lessThan', binary((a, b) => asDecimal(a) < asDecimal(b))],
  ['lessThanOrEqual', binary((a, b) => asDecimal(a) <= asDecimal(b))],
  ['greaterThan', binary((a, b) => asDecimal(a) > asDecimal(b))],
  ['greaterThanOrEqual', binary((a, b) => asDecimal(a) >= asDecimal(b))],
  ['isIpv4', unary((a) => as(a, 'ip').version === 4)],
  ['isIpv6', unary((a) => as(a, 'ip').version === 6)],
  ['isLoopback', unary((a) => isLoopback(as(a, 'ip')))],
  ['isMulticast', unary((a) => isMulticast(as(a, 'ip')))],
  ['isInRange', binary((a, b) => isInRange(as(a, 'ip'), as(b, 'ip')))],
  ['offset', binary((a, b) => offset(as(a, 'datetime'), as(b, 'duration')))],
  ['durationSince', binary((a, b) => durationSince(as(a, 'datetime'), as(b, 'datetime')))],
  ['toDate', unary((a) => toDate(as(a, 'datetime')))],
  ['toTime', unary((a) => toTime(as(a, 'datetime')))],
  ['toMilliseconds', unary((a) => as(a, 'duration').ms)],
  ['toSeconds', unary((a) => divideTowardsZero(as(a, 'duration').ms, 1_000))],
  ['toMinutes', unary((a) => divideTowardsZero(as(a, 'duration').ms, 60_000))],
  ['toHours', unary((a) => divideTowardsZero(as(a, 'duration').ms, 3_600_000))],
  ['toDays', unary((a) => divideTowardsZero(as(a, 'duration').ms, 86_400_000))],
]);

function unary(apply: (a: Value) => Value): ExtensionFunction {
  return { arity: 1, apply };
}

function binary(apply: (a: Value, b: Value) => Value): ExtensionFunction {
  return { arity: 2, apply };
}

type Kind = 'ip' | 'datetime' | 'duration' | 'decimal';

function as<K extends Kind>(value: Value, kind: K): Extract<Value, { kind: K }> {
  if (typeof value !== 'object' || value.kind !== kind) {
    throw new EvaluationError(`type error: expected ${kind}`);
  }
  return value as Extract<Value, { kind: K }>;
}

function asDecimal(value: Value): Long {
  return as(value, 'decimal').tenThousandths;
}

function asString(value: Value): string {
  if (typeof value !== 'string') throw new EvaluationError('type error: expected string');
  return value;
}
