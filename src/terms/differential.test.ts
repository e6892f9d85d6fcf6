/**
 * Random policies, entities and requests: the compiled rules and the official engine must agree on
 * the decision, on what determined it, and on which policies err.
 *
 * Runs for a few seconds; `FUZZ_MS=600000 node --test src/terms/differential.test.ts` for longer.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type JsonValue, parseJsonText } from '#base/json.ts';
import { compilePolicies } from './authorize.ts';
import { compileExpression } from './compile.ts';
import { readPolicy } from './engine.ts';
import { contextFromJson, entitiesFromJson, uidFromJson } from './entities.ts';
import { literal, quoted } from './literal.ts';
import { askReference, type ReferenceAnswer } from './reference.ts';
import { EvaluationError, type Request, type Value } from './value.ts';

const FUZZ_MS = Number(process.env['FUZZ_MS'] ?? 4_000);

type Item = 'long' | 'string' | 'entity' | 'ip' | 'record';

type Type =
  | 'boolean'
  | 'long'
  | 'string'
  | 'entity'
  | 'record'
  | 'decimal'
  | 'datetime'
  | 'duration'
  | 'ip'
  | `set of ${Item}`;

const TYPES: readonly Type[] = [
  'boolean',
  'long',
  'string',
  'entity',
  'record',
  'decimal',
  'datetime',
  'duration',
  'ip',
  'set of long',
  'set of string',
  'set of entity',
  'set of ip',
  'set of record',
];

const LONGS = [
  ['0', '1', '-1', '2', '7', '3037000500', '9007199254740991', '9007199254740992'],
  ['-9007199254740993', '9223372036854775807', '-9223372036854775808', '4611686018427387904'],
].flat();
const STRINGS = ['', 'a', 'b', 'ab', 'a*b', 'aab', 'ä', '𝄞', 'a\\', 'constructor', '__proto__'];
const NAMES = ['n', 's', 'flag', 'owner', 'rec', 'missing', 'toString', 'has space'];
const UIDS = ['User::"a"', 'User::"b"', 'User::"nobody"', 'Group::"a"', 'Group::"g"', 'Group::"h"'];
const CALLS: Readonly<Record<'decimal' | 'datetime' | 'duration' | 'ip', readonly string[]>> = {
  decimal: ['0.0', '1.5', '-1.50', '922337203685477.5807', '922337203685477.5808', '1', '1.23456'],
  datetime: [
    ['1970-01-01', '2024-02-29', '2023-02-29', '0000-01-01', '9999-12-31T23:59:59.999Z'],
    [
      '2024-01-01T00:00:00+0530',
      '2024-01-01T00:00:00.5Z',
      '2024-01-01T00:00:60Z',
      '1969-12-31T23:59:59-2359',
      '',
    ],
  ].flat(),
  duration: [
    '0ms',
    '1d2h3m4s5ms',
    '-1d',
    '9223372036854775807ms',
    '106751991168d',
    '1h1d',
    '-',
    '',
  ],
  ip: [
    ['127.0.0.1', '10.0.0.0/8', '10.1.2.3/32', '01.2.3.4', '224.0.0.1/4', '::1', '::1/127'],
    ['ff00::/8', '1:2:3:4:5:6:7::', '::ffff:1.2.3.4', '1.2.3.4/33', 'fe80::1%1', ''],
  ].flat(),
};

/** A text of Cedar's, of the type in nearly all cases and of any in the others. */
function expression(type: Type, depth: number): fc.Arbitrary<string> {
  const typed = depth <= 0 ? leaf(type) : fc.oneof(leaf(type), node(type, depth - 1));
  if (depth <= 0) return typed;
  const other = fc.constantFrom(...TYPES).chain((any) => expression(any, depth - 1));
  return fc.oneof({ weight: 24, arbitrary: typed }, { weight: 1, arbitrary: other });
}

function leaf(type: Type): fc.Arbitrary<string> {
  if (isSet(type)) return fc.constantFrom('[]', `context.${type.replaceAll(' ', '')}`);
  switch (type) {
    case 'boolean':
      return fc.constantFrom('true', 'false', 'context.flag', 'principal.flag');
    case 'long':
      return fc.constantFrom(...LONGS.map((long) => `(${long})`), 'context.n', 'principal.n');
    case 'string':
      return fc.constantFrom(...STRINGS.map(quoted), 'context.s', 'principal.s');
    case 'entity':
      return fc.constantFrom(...UIDS, 'principal', 'resource', 'action', 'resource.owner');
    case 'record':
      return fc.constantFrom('context', 'context.rec', '{}', '{n: 1, "has space": true}');
    case 'decimal':
    case 'datetime':
    case 'duration':
    case 'ip':
      return fc.oneof(
        {
          weight: 4,
          arbitrary: fc.constantFrom(...CALLS[type]).map((text) => `${type}(${quoted(text)})`),
        },
        { weight: 1, arbitrary: fc.constant(`context.${type}`) },
      );
  }
}

function node(type: Type, depth: number): fc.Arbitrary<string> {
  const of = (type: Type): fc.Arbitrary<string> => expression(type, depth);
  const call = (name: string, ...args: readonly Type[]): fc.Arbitrary<string> =>
    fc.tuple(...args.map(of)).map(([self, ...rest]) => `(${self}).${name}(${rest.join(', ')})`);
  const infix = (operators: readonly string[], left: Type, right: Type): fc.Arbitrary<string> =>
    fc
      .tuple(of(left), fc.constantFrom(...operators), of(right))
      .map(([a, operator, b]) => `((${a}) ${operator} (${b}))`);
  const choice = fc
    .tuple(of('boolean'), of(type), of(type))
    .map(([a, b, c]) => `(if ${a} then ${b} else ${c})`);
  const attribute = fc
    .tuple(of('record'), fc.constantFrom(...NAMES))
    .map(([record, name]) => `(${record})[${quoted(name)}]`);
  const tag = fc
    .tuple(of('entity'), of('string'))
    .map(([entity, name]) => `(${entity}).getTag(${name})`);
  const any = fc.oneof(choice, attribute, tag);
  if (isSet(type)) {
    const item = of(type.slice('set of '.length) as Type);
    const items = fc.array(item, { maxLength: 10 }).map((all) => `[${all.join(', ')}]`);
    return fc.oneof(choice, items);
  }
  switch (type) {
    case 'boolean':
      return fc.oneof(
        any,
        of('boolean').map((a) => `!(${a})`),
        infix(['&&', '||', '==', '!='], 'boolean', 'boolean'),
        infix(['<', '<=', '>', '>=', '==', '!='], 'long', 'long'),
        infix(['<', '>='], 'datetime', 'datetime'),
        infix(['<=', '>'], 'duration', 'duration'),
        infix(['==', 'in'], 'entity', 'entity'),
        infix(['in'], 'entity', 'set of entity'),
        fc.constantFrom(...TYPES).chain((same) => infix(['==', '!='], same, same)),
        fc.tuple(of('string'), pattern()).map(([a, like]) => `(${a}) like ${like}`),
        fc
          .tuple(of('entity'), fc.constantFrom('User', 'Group', 'Nothing'))
          .map(([a, type]) => `(${a}) is ${type}`),
        fc.tuple(of('entity'), of('entity')).map(([a, b]) => `(${a}) is User in (${b})`),
        fc
          .tuple(fc.oneof(of('record'), of('entity')), fc.constantFrom(...NAMES))
          .map(([a, name]) => `(${a}) has ${quoted(name)}`),
        fc.tuple(of('record')).map(([a]) => `(${a}) has rec.n`),
        call('hasTag', 'entity', 'string'),
        ...(['long', 'string', 'entity', 'ip', 'record'] as const).flatMap((item) => [
          call('contains', `set of ${item}`, item),
          call('containsAll', `set of ${item}`, `set of ${item}`),
          call('containsAny', `set of ${item}`, `set of ${item}`),
          call('isEmpty', `set of ${item}`),
        ]),
        ...['lessThan', 'lessThanOrEqual', 'greaterThan', 'greaterThanOrEqual'].map((name) =>
          call(name, 'decimal', 'decimal'),
        ),
        ...['isIpv4', 'isIpv6', 'isLoopback', 'isMulticast'].map((name) => call(name, 'ip')),
        call('isInRange', 'ip', 'ip'),
      );
    case 'long':
      return fc.oneof(
        any,
        infix(['+', '-', '*'], 'long', 'long'),
        of('long').map((a) => `-(${a})`),
        ...['toMilliseconds', 'toSeconds', 'toMinutes', 'toHours', 'toDays'].map((name) =>
          call(name, 'duration'),
        ),
      );
    case 'record':
      return fc.oneof(
        choice,
        fc
          .uniqueArray(fc.constantFrom(...NAMES), { maxLength: 3 })
          .chain((names) =>
            fc
              .tuple(...names.map((name) => recordField(name, depth)))
              .map((all) => `{${all.join(', ')}}`),
          ),
      );
    case 'datetime':
      return fc.oneof(any, call('offset', 'datetime', 'duration'), call('toDate', 'datetime'));
    case 'duration':
      return fc.oneof(
        any,
        call('durationSince', 'datetime', 'datetime'),
        call('toTime', 'datetime'),
      );
    case 'string':
    case 'entity':
    case 'decimal':
    case 'ip':
      return any;
  }
}

function isSet(type: Type): type is `set of ${Item}` {
  return type.startsWith('set of ');
}

function recordField(name: string, depth: number): fc.Arbitrary<string> {
  const type: Type = name === 'rec' ? 'record' : name === 'owner' ? 'entity' : 'long';
  return expression(type, depth - 1).map((value) => `${quoted(name)}: ${value}`);
}

function pattern(): fc.Arbitrary<string> {
  const piece = fc.constantFrom('*', 'a', 'b', '\\*', 'ä', '\\\\');
  return fc.array(piece, { maxLength: 6 }).map((pieces) => `"${pieces.join('')}"`);
}

const scope = (name: 'principal' | 'resource'): fc.Arbitrary<string> =>
  fc.constantFrom(
    name,
    name,
    name,
    name,
    `${name} == User::"a"`,
    `${name} in Group::"g"`,
    `${name} is User`,
    `${name} is User in Group::"g"`,
    `${name} is Group`,
  );

const policy = fc
  .record({
    effect: fc.constantFrom('permit', 'permit', 'permit', 'forbid'),
    principal: scope('principal'),
    action: fc.constantFrom(
      'action',
      'action',
      'action == Action::"read"',
      'action in Action::"any"',
      'action in [Action::"read", Action::"none"]',
      'action in []',
    ),
    resource: scope('resource'),
    kind: fc.constantFrom('when', 'unless'),
    conditions: fc.array(expression('boolean', 4), { minLength: 1, maxLength: 2 }),
  })
  .map(
    ({ effect, principal, action, resource, kind, conditions }) =>
      `${effect}(${principal}, ${action}, ${resource})\n${conditions
        .map((condition) => `${kind} { ${condition} }`)
        .join('\n')};`,
  );

const json = (values: readonly string[]): fc.Arbitrary<string> => fc.constantFrom(...values);
const fields = fc
  .record(
    {
      n: json(LONGS),
      s: json(STRINGS.map((text) => JSON.stringify(text))),
      flag: json(['true', 'false']),
      owner: json(UIDS.map((uid) => `{"__entity": ${uidJson(uid)}}`)),
      rec: json(['{}', '{"n": 1}', '{"n": 9223372036854775807, "has space": true}']),
      decimal: json(['{"__extn": {"fn": "decimal", "arg": "1.5"}}']),
      datetime: json(['{"__extn": {"fn": "datetime", "arg": "2024-02-29"}}']),
      duration: json(['{"__extn": {"fn": "duration", "arg": "-1d1ms"}}']),
      ip: json(['{"__extn": {"fn": "ip", "arg": "10.0.0.1"}}']),
      setoflong: json(['[]', '[1, 2]', '[0, 1, 2, 3, 4, 5, 6, 7, 8, 9223372036854775807]']),
      setofstring: json(['["a"]', '["a", "b", "ab", "c", "d", "e", "f", "g", "h", "a"]']),
      setofentity: json([`[${UIDS.map((uid) => `{"__entity": ${uidJson(uid)}}`).join(', ')}]`]),
      setofip: json(['[{"__extn": {"fn": "ip", "arg": "10.0.0.1"}}]']),
      setofrecord: json(['[{}, {"n": 1}]']),
    },
    { requiredKeys: ['n', 's', 'flag'] },
  )
  .map((all) => {
    const members = Object.entries(all).map(([name, value]) => `"${name}": ${value}`);
    return `{${members.join(', ')}}`;
  });

const store = fc
  .record({ a: fields, b: fields, g: fields, tags: fields, nested: fc.boolean() })
  .map(
    ({ a, b, g, tags, nested }) => `[
      {"uid": {"type": "User", "id": "a"}, "attrs": ${a}, "tags": ${tags},
       "parents": [{"type": "Group", "id": "${nested ? 'a' : 'g'}"}]},
      {"uid": {"type": "User", "id": "b"}, "attrs": ${b}, "parents": []},
      {"uid": {"type": "Group", "id": "a"}, "attrs": {},
       "parents": [{"type": "Group", "id": "g"}, {"type": "Group", "id": "absent"}]},
      {"uid": {"type": "Group", "id": "g"}, "attrs": ${g}, "parents": []},
      {"uid": {"type": "Action", "id": "read"}, "attrs": {},
       "parents": [{"type": "Action", "id": "any"}]},
      {"uid": {"type": "Action", "id": "any"}, "attrs": {}, "parents": []}]`,
  );

function uidJson(uid: string): string {
  const [type, id] = uid.split('::');
  return `{"type": "${type}", "id": ${id}}`;
}

const question = fc.record({
  store,
  principal: fc.constantFrom(...UIDS),
  action: fc.constantFrom('Action::"read"', 'Action::"write"', 'Action::"any"'),
  resource: fc.constantFrom(...UIDS),
  context: fields,
});

interface Question {
  readonly store: string;
  readonly principal: string;
  readonly action: string;
  readonly resource: string;
  readonly context: string;
}

function asked({ store, principal, action, resource, context }: Question) {
  const listed = entitiesFromJson(parseJsonText(store));
  const entity = (uid: string) => listed.get(uidFromJson(JSON.parse(uidJson(uid)) as JsonValue));
  const request: Request = {
    principal: entity(principal),
    action: entity(action),
    resource: entity(resource),
    context: contextFromJson(parseJsonText(context), listed),
    entities: listed.entities,
  };
  return { request, entities: [...listed.entities.values()] };
}

const forAWhile = {
  numRuns: Number.MAX_SAFE_INTEGER,
  interruptAfterTimeLimit: FUZZ_MS,
  markInterruptAsFailure: false,
};

test('the compiled rules decide as the official engine does', () => {
  const seen = { allow: 0, errors: 0, reasons: 0 };
  const policies = fc.array(policy, { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(policies, question, (policies, question) => {
      const { request, entities } = asked(question);
      const texts = Object.fromEntries(policies.map((text, i) => [`policy${i}`, text]));
      const got = compiledAnswer(texts, request);
      assert.deepEqual(got, askReference(texts, request, entities));
      if (got.decision === 'allow') seen.allow++;
      seen.errors += got.errors.length;
      seen.reasons += got.reasons.length;
    }),
    forAWhile,
  );
  // A generator that only makes denials or errors would prove nothing.
  for (const [what, count] of Object.entries(seen)) assert.ok(count > 0, `${what}: ${count}`);
});

test('each expression has the value that it has for the official engine', () => {
  const expressions = fc.array(
    fc.tuple(fc.constantFrom(...TYPES), fc.nat(2)).chain(([type, depth]) => node(type, depth)),
    { minLength: 1, maxLength: 40 },
  );
  const seen = { values: 0, errors: 0 };
  fc.assert(
    fc.property(expressions, question, (expressions, question) => {
      const { request, entities } = asked(question);
      const texts: Record<string, string> = {};
      const errors: string[] = [];
      for (const [i, text] of expressions.entries()) {
        const value = valueOf(text, request);
        if (value === undefined) errors.push(`${i}`);
        texts[i] = permitWhen(
          value === undefined ? `(${text}) == 0` : `(${text}) == ${literal(value)}`,
        );
      }
      const answer = askReference(texts, request, entities);
      assert.deepEqual(answer.errors, errors.sort());
      const equal = Object.keys(texts).filter((id) => !errors.includes(id));
      assert.deepEqual(answer.reasons, equal.sort());
      seen.values += equal.length;
      seen.errors += errors.length;
    }),
    forAWhile,
  );
  for (const [what, count] of Object.entries(seen)) assert.ok(count > 0, `${what}: ${count}`);
});

function permitWhen(condition: string): string {
  return `permit(principal, action, resource) when { ${condition} };`;
}

/** `undefined` for an error. */
function valueOf(text: string, request: Request): Value | undefined {
  const [condition] = readPolicy(permitWhen(text), { id: '' }).conditions;
  assert.ok(condition);
  try {
    return compileExpression(condition)(request);
  } catch (error) {
    assert.ok(error instanceof EvaluationError);
    return undefined;
  }
}

function compiledAnswer(
  texts: Readonly<Record<string, string>>,
  request: Request,
): ReferenceAnswer {
  const policies = Object.entries(texts).map(([id, text]) => readPolicy(text, { id }));
  const { decision, reasons, errors } = compilePolicies(policies)(request);
  return {
    decision,
    reasons: reasons.map(({ id }) => id).sort(),
    errors: errors.map(({ policy }) => policy.id).sort(),
  };
}
