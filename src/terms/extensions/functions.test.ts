/**
 * The extension functions against the official engine, exhaustively over texts at the edges of what
 * they accept: each text must parse or fail as it does there, each function give the same value.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { literal, quoted } from '../literal.ts';
import { askReference } from '../reference.ts';
import { EvaluationError, entity, type Request, recordOf, type Value } from '../value.ts';
import { EXTENSION_FUNCTIONS } from './functions.ts';

const TEXTS: Readonly<Record<string, readonly (readonly string[])[]>> = {
  decimal: [
    ['0.0', '-0.0', '1.5', '1.50', '-1.5000', '00.1', '1.', '.1', '1', '', '-', '+1.0', '1.00000'],
    ['922337203685477.5807', '922337203685477.5808', '-922337203685477.5808', '1e3', ' 1.0'],
    ['-922337203685477.5809', '99999999999999999999.0', '1.0 ', '1,0', '٣.٠', '1.0\n'],
  ],
  ip: [
    ['127.0.0.1', '127.0.0.1/7', '127.0.0.1/8', '126.0.0.1', '10.0.0.0/8', '10.255.0.0/16'],
    ['0.0.0.0/0', '255.255.255.255', '256.0.0.0', '1.2.3', '1.2.3.4.5', '01.2.3.4', '1.2.3.4/'],
    ['1.2.3.4/33', '1.2.3.4/032', '1.2.3.4/00', '1.2.3.4/-1', '1.2.3.4/8/8', '224.0.0.1'],
    ['224.0.0.0/4', '224.0.0.0/3', '239.1.2.3', '240.0.0.0', '::', '::1', '::1/128', '::1/127'],
    ['1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7::', '::2:3:4:5:6:7:8', '1:2:3:4:5:6:7:8:9', '1::2::3'],
    ['1:2:3:4::5:6:7:8', ':1::2', '1::2:', 'ff00::/8', 'ff00::/7', 'ffff::', 'fe80::1%eth0'],
    ['::ffff:1.2.3.4', '12345::', 'g::', 'ABCD::abcd', '::/0', '::/129', '', '/', ':', '...'],
    ['1.2.3.4 ', ' ::1', '1.2.3.4/3２', '0000:0000:0000:0000:0000:0000:0000:0001/128'],
  ],
  datetime: [
    ['1970-01-01', '1969-12-31', '2024-02-29', '2023-02-29', '2000-02-30', '1900-02-29'],
    ['2024-13-01', '2024-00-10', '2024-01-00', '2024-01-32', '2024-04-31', '0000-01-01'],
    ['9999-12-31', '10000-01-01', '-001-01-01', '2024-1-01', '2024-01-01T', '2024-01-01Z'],
    ['2024-01-01T00:00:00Z', '2024-01-01T23:59:59.999Z', '2024-01-01T24:00:00Z'],
    ['2024-01-01T00:60:00Z', '2024-01-01T00:00:60Z', '2024-01-01T00:00:00.1Z', ''],
    ['2024-01-01T00:00:00', '2024-01-01T00:00:00z', '2024-01-01t00:00:00Z'],
    ['2024-01-01T00:00:00+0530', '2024-01-01T00:00:00-0530', '2024-01-01T00:00:00+05:30'],
    ['2024-01-01T00:00:00.123+2359', '2024-01-01T00:00:00+2400', '2024-01-01T00:00:00+0060'],
    ['0000-01-01T00:00:00+2359', '9999-12-31T23:59:59.999-2359', '0099-03-01', '2024-01-01\n'],
  ],
  duration: [
    ['0ms', '1ms', '-1ms', '1s', '1m', '1h', '1d', '1d2h3m4s5ms', '-1d2h3m4s5ms', '1h1d', '1d1d'],
    ['', '-', '1', 'd', '1w', '+1d', '1.5h', '-0d', '00012s', '1d 2h', '--1d', '1ms1s', '90m'],
    ['9223372036854775807ms', '9223372036854775808ms', '-9223372036854775808ms', '24h', '86399s'],
    ['-9223372036854775809ms', '106751991167d', '106751991168d', '-106751991168d', '1d\n'],
    ['106751991167d7h12m55s807ms', '106751991167d7h12m55s808ms', '99999999999999999999d'],
  ],
};

const REQUEST: Request = {
  principal: entity('User', 'a'),
  action: entity('Action', 'a'),
  resource: entity('User', 'a'),
  context: recordOf({}),
  entities: new Map(),
};

/** By text of an expression: its value here, or `undefined` for an error. */
type Values = ReadonlyMap<string, Value | undefined>;

test('each text parses, or does not, as it does for the official engine', () => {
  const values = parsed();
  agree(values);
  const errors = [...values.values()].filter((value) => value === undefined).length;
  assert.ok(errors > 60 && values.size - errors > 60);
});

test('each function has the same value, on everything that it may be given', () => {
  const known = [...parsed()].filter(([, value]) => value !== undefined);
  const values = new Map<string, Value | undefined>();
  for (const [name, { args }] of EXTENSION_FUNCTIONS) {
    if (name in TEXTS) continue;
    for (const [text, self] of known) {
      if (self === undefined) continue;
      if (args.length === 1) values.set(`(${text}).${name}()`, applied(name, self));
      else {
        for (const [argText, arg = false] of known) {
          if (!takes(name, text, argText)) continue;
          values.set(`(${text}).${name}(${argText})`, applied(name, self, arg));
        }
      }
    }
  }
  assert.ok(values.size > 3_000);
  agree(values);
});

/** All pairs of two types would be a hundred thousand, most of them the same type error. */
function takes(name: string, self: string, arg: string): boolean {
  const [of, by] = [self, arg].map((text) => text.slice(0, text.indexOf('(')));
  if (name === 'offset') return of === 'datetime' && by === 'duration';
  return of === by;
}

function parsed(): Values {
  return new Map(
    Object.entries(TEXTS).flatMap(([name, texts]) =>
      texts.flat().map((text) => [`${name}(${quoted(text)})`, applied(name, text)] as const),
    ),
  );
}

function applied(name: string, self: Value, arg: Value = false): Value | undefined {
  try {
    return EXTENSION_FUNCTIONS.get(name)?.apply(self, arg);
  } catch (error) {
    assert.ok(error instanceof EvaluationError, name);
    return undefined;
  }
}

function agree(values: Values): void {
  const policies: Record<string, string> = {};
  for (const [text, value] of values) {
    const condition = value === undefined ? `${text} == 0` : `${text} == ${literal(value)}`;
    policies[text] = `permit(principal, action, resource) when { ${condition} };`;
  }
  const { errors, reasons } = askReference(policies, REQUEST);
  const texts = (isError: boolean): string[] =>
    [...values]
      .filter(([, value]) => (value === undefined) === isError)
      .map(([text]) => text)
      .sort();
  assert.deepEqual(errors, texts(true));
  assert.deepEqual(reasons, texts(false));
}
