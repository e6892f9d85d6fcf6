/** Cedar's extension functions by name, over values whose types are only known when they run. */
import { divideTowardsZero, type Long } from '../long.ts';
import { BOOLEAN, type ExtensionName, LONG, type Type } from '../typing/types.ts';
import { EvaluationError, type Value } from '../value.ts';
import { durationSince, offset, parseDatetime, parseDuration, toDate, toTime } from './datetime.ts';
import { parseDecimal } from './decimal.ts';
import { isInRange, isLoopback, isMulticast, parseIp } from './ip.ts';

export interface ExtensionFunction {
  readonly args: readonly ArgumentKind[];
  readonly result: Type;
  /**
   * @param second `NO_ARGUMENT` where the function takes one
   * @throws EvaluationError on a wrong type, text that does not parse, or overflow
   */
  readonly apply: (first: Value, second: Value) => Value;
}

/** Constructors take a text, all others extension values. */
type ArgumentKind = 'string' | ExtensionName;

export const NO_ARGUMENT: Value = false;

const DECIMAL: Type = { kind: 'decimal' };
const IP: Type = { kind: 'ip' };
const DATETIME: Type = { kind: 'datetime' };
const DURATION: Type = { kind: 'duration' };

export const EXTENSION_FUNCTIONS: ReadonlyMap<string, ExtensionFunction> = new Map([
  ['decimal', define(['string'], DECIMAL, (a) => parseDecimal(asString(a)))],
  ['ip', define(['string'], IP, (a) => parseIp(asString(a)))],
  ['datetime', define(['string'], DATETIME, (a) => parseDatetime(asString(a)))],
  ['duration', define(['string'], DURATION, (a) => parseDuration(asString(a)))],
  ['lessThan', comparison((a, b) => a < b)],
  ['lessThanOrEqual', comparison((a, b) => a <= b)],
  ['greaterThan', comparison((a, b) => a > b)],
  ['greaterThanOrEqual', comparison((a, b) => a >= b)],
  ['isIpv4', define(['ip'], BOOLEAN, (a) => as(a, 'ip').version === 4)],
  ['isIpv6', define(['ip'], BOOLEAN, (a) => as(a, 'ip').version === 6)],
  ['isLoopback', define(['ip'], BOOLEAN, (a) => isLoopback(as(a, 'ip')))],
  ['isMulticast', define(['ip'], BOOLEAN, (a) => isMulticast(as(a, 'ip')))],
  ['isInRange', define(['ip', 'ip'], BOOLEAN, (a, b) => isInRange(as(a, 'ip'), as(b, 'ip')))],
  [
    'offset',
    define(['datetime', 'duration'], DATETIME, (a, b) =>
      offset(as(a, 'datetime'), as(b, 'duration')),
    ),
  ],
  [
    'durationSince',
    define(['datetime', 'datetime'], DURATION, (a, b) =>
      durationSince(as(a, 'datetime'), as(b, 'datetime')),
    ),
  ],
  ['toDate', define(['datetime'], DATETIME, (a) => toDate(as(a, 'datetime')))],
  ['toTime', define(['datetime'], DURATION, (a) => toTime(as(a, 'datetime')))],
  ['toMilliseconds', inUnits(1)],
  ['toSeconds', inUnits(1_000)],
  ['toMinutes', inUnits(60_000)],
  ['toHours', inUnits(3_600_000)],
  ['toDays', inUnits(86_400_000)],
]);

function define(
  args: readonly ArgumentKind[],
  result: Type,
  apply: ExtensionFunction['apply'],
): ExtensionFunction {
  return { args, result, apply };
}

function comparison(holds: (a: Long, b: Long) => boolean): ExtensionFunction {
  return define(['decimal', 'decimal'], BOOLEAN, (a, b) =>
    holds(as(a, 'decimal').tenThousandths, as(b, 'decimal').tenThousandths),
  );
}

function inUnits(unitMs: number): ExtensionFunction {
  return define(['duration'], LONG, (a) => divideTowardsZero(as(a, 'duration').ms, unitMs));
}

function as<K extends ExtensionName>(value: Value, kind: K): Extract<Value, { kind: K }> {
  if (typeof value !== 'object' || value.kind !== kind) {
    throw new EvaluationError(`type error: expected ${kind}`);
  }
  return value as Extract<Value, { kind: K }>;
}

function asString(value: Value): string {
  if (typeof value !== 'string') throw new EvaluationError('type error: expected string');
  return value;
}
