/**
 * Random Cedar: expressions that mostly have their type, policies, entities and requests, for the
 * tests that hold ours to the official engine.
 */
import fc from 'fast-check';
import { quoted } from './literal.ts';

type Item = 'long' | 'string' | 'entity' | 'ip' | 'record';

export type CedarType =
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

export const CEDAR_TYPES: readonly CedarType[] = [
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
function expression(type: CedarType, depth: number): fc.Arbitrary<string> {
  return kept(`any ${type} ${depth}`, () => {
    if (depth <= 0) return leaf(type);
    const typed = fc.oneof(leaf(type), cedarNode(type, depth - 1));
    const other = fc.constantFrom(...CEDAR_TYPES).chain((any) => expression(any, depth - 1));
    return fc.oneof({ weight: 24, arbitrary: typed }, { weight: 1, arbitrary: other });
  });
}

/** As `expression`, and never a leaf. */
export function cedarNode(type: CedarType, depth: number): fc.Arbitrary<string> {
  return kept(`node ${type} ${depth}`, () => node(type, depth));
}

/** Each is made of dozens of those one less deep, so they are made once. */
function kept(name: string, make: () => fc.Arbitrary<string>): fc.Arbitrary<string> {
  const made = arbitraries.get(name) ?? make();
  arbitraries.set(name, made);
  return made;
}

const arbitraries = new Map<string, fc.Arbitrary<string>>();

function leaf(type: CedarType): fc.Arbitrary<string> {
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

function node(type: CedarType, depth: number): fc.Arbitrary<string> {
  const of = (type: CedarType): fc.Arbitrary<string> => expression(type, depth);
  const call = (name: string, ...args: readonly CedarType[]): fc.Arbitrary<string> =>
    fc.tuple(...args.map(of)).map(([self, ...rest]) => `(${self}).${name}(${rest.join(', ')})`);
  const infix = (
    operators: readonly string[],
    left: CedarType,
    right: CedarType,
  ): fc.Arbitrary<string> =>
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
  const guarded = fc
    .tuple(fc.oneof(of('record'), of('entity')), fc.constantFrom(...NAMES), of('long'))
    .map(([a, name, b]) => `((${a}) has ${quoted(name)} && (${a})[${quoted(name)}] == (${b}))`);
  if (isSet(type)) {
    const item = of(type.slice('set of '.length) as CedarType);
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
        fc.constantFrom(...CEDAR_TYPES).chain((same) => infix(['==', '!='], same, same)),
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
        guarded,
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

function isSet(type: CedarType): type is `set of ${Item}` {
  return type.startsWith('set of ');
}

function recordField(name: string, depth: number): fc.Arbitrary<string> {
  const type: CedarType = name === 'rec' ? 'record' : name === 'owner' ? 'entity' : 'long';
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

export const cedarPolicy = fc
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
    conditions: fc.array(expression('boolean', 3), { minLength: 1, maxLength: 2 }),
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

export function uidJson(uid: string): string {
  const [type, id] = uid.split('::');
  return `{"type": "${type}", "id": ${id}}`;
}

export const cedarQuestion = fc.record({
  store,
  principal: fc.constantFrom(...UIDS),
  action: fc.constantFrom('Action::"read"', 'Action::"write"', 'Action::"any"'),
  resource: fc.constantFrom(...UIDS),
  context: fields,
});

const FIELDS = `{
  n: Long, s: String, flag: Bool, owner?: User, rec?: Rec,
  decimal?: decimal, datetime?: datetime, duration: duration, ip: ipaddr,
  setoflong: Set<Long>, setofstring?: Set<String>, setofentity: Set<User>,
  setofip: Set<ipaddr>, setofrecord: Set<Rec>,
}`;

/** The schema that the random policies are written for, and often miss. */
export const CEDAR_SCHEMA = `
type Rec = { n?: Long, "has space"?: Bool };
entity Group in [Group] = ${FIELDS};
entity User in [Group] = ${FIELDS} tags Long;
action any, none;
action read in [any] appliesTo { principal: [User], resource: [User, Group], context: ${FIELDS} };
action write appliesTo { principal: [User, Group], resource: Group, context: { n?: Long } };
`;
