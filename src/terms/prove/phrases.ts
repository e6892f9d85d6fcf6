/** The parts of a sentence about a request, each of which says one thing that is not plain. */
import { literal } from '../literal.ts';
import type { Entity, Fields, Request, Value } from '../value.ts';
import { isPlain } from './words.ts';

/** Of what is sent to a model. */
export function contentWords(fields: Fields): readonly string[] {
  const persons = personsOf(fields);
  return [
    ...(persons === undefined ? [] : [`names ${persons}`]),
    ...namesWords('speaks of', fields['topics']),
    ...namesWords('has parts that no detector reads:', fields['unread']),
  ];
}

export const TOOL_CALL = 'Action"callTool';
const MODEL_CALLS = new Set(['generate', 'embed', 'countTokens'].map((id) => `Action"${id}`));

/** Of what a tool is given, or whatever else is asked for that is no call of a model. */
export function argumentWords({ action, context: { fields } }: Request): readonly string[] {
  if (MODEL_CALLS.has(action.key)) return [];
  const { runsAt, topics, toolTopics } = fields;
  const persons = personsOf(fields);
  return [
    ...(runsAt === 'provider' ? ['inside the provider'] : []),
    ...(runsAt === 'caller' ? ['on the caller’s side'] : []),
    ...(persons === undefined ? [] : [`with ${persons} in its arguments`]),
    ...namesWords('with arguments that speak of', topics),
    ...(action.key === TOOL_CALL ? [] : namesWords('of a tool that speaks of', toolTopics)),
    ...namesWords('with parts that no detector reads:', fields['unread']),
  ];
}

function personsOf({ persons, personKinds }: Fields): string | undefined {
  const kinds = namesIn(personKinds);
  const by = kinds.length === 0 ? '' : ` (${joined(kinds)})`;
  if (persons === undefined || (isPlain(persons) && by === '')) return undefined;
  return `${literalWords(persons)} person${persons === 1 ? '' : 's'}${by}`;
}

export function namesWords(before: string, set: Value | undefined): readonly string[] {
  const found = namesIn(set);
  return found.length === 0 ? [] : [`${before} ${joined(found)}`];
}

/** Of what a model is offered. */
export function offerWords({ tools, toolClasses, providerTools }: Fields): readonly string[] {
  return [
    ...namesWords('offering it the tool', tools),
    ...namesWords('offering it a tool of the class', toolClasses),
    ...namesWords('offering it the provider’s own tool', providerTools),
  ];
}

export function mannerWords({ approvals, instant, streamed, protocol }: Fields): readonly string[] {
  return [
    ...(streamed === true ? ['as a stream'] : []),
    ...textWords('over the protocol', protocol),
    ...namesWords('with the approval', approvals),
    ...(instant === undefined || isPlain(instant) ? [] : [`on ${literalWords(instant)}`]),
  ];
}

export function purposeWords(
  purpose: Value | undefined,
  looksAt: ReadonlySet<string>,
): readonly string[] {
  if (!isEntity(purpose)) return looksAt.has('purpose') ? ['without a purpose'] : [];
  const { allows, authority, dataClasses, owner } = purpose.facts?.attributes ?? {};
  const said = [
    ...textWords('states the authority', authority, 'states an authority'),
    ...(authority === '' && looksAt.has('authority') ? ['states no authority'] : []),
    ...namesWords('uses data of the class', dataClasses),
    ...textWords('is owned by', owner),
  ];
  return [
    [
      isNamed(purpose) ? `for the purpose \`${purpose.id}\`` : 'for a purpose',
      ...namesWords('marked', allows),
      ...(said.length > 0 ? [`that ${joined(said)}`] : []),
    ].join(' '),
  ];
}

const TOLD = new Set(
  (
    'persons personKinds topics unread tools toolClasses providerTools toolTopics runsAt model ' +
    'streamed protocol approvals instant purpose'
  ).split(' '),
);

/** Of what only a pack's own schema has. */
export function otherWords(fields: Fields): readonly string[] {
  return Object.entries(fields).flatMap(([name, value]) =>
    value === undefined || TOLD.has(name) || isPlain(value)
      ? []
      : [`where \`${name}\` is ${literalWords(value)}`],
  );
}

export function textWords(
  before: string,
  text: Value | undefined,
  ifAny?: string,
): readonly string[] {
  if (typeof text !== 'string' || text === '') return [];
  if (isMadeUp(text)) return ifAny === undefined ? [] : [ifAny];
  return [`${before} \`${text}\``];
}

/** Texts, or the ids of entities. */
function namesIn(set: Value | undefined): readonly string[] {
  if (typeof set !== 'object' || set.kind !== 'set') return [];
  const names = set.items.map((item) => {
    if (isEntity(item)) return item.id;
    return typeof item === 'string' ? item : literalWords(item);
  });
  return names.sort().map((name) => (isMadeUp(name) ? 'something else' : `\`${name}\``));
}

export function literalWords(value: Value): string {
  if (typeof value === 'object' && value.kind === 'datetime') {
    const date = new Date(Number(value.ms));
    if (!Number.isNaN(date.getTime())) return date.toISOString().replace('T00:00:00.000Z', '');
  }
  return literal(value).replace(/^\((.*)\)$/, '$1');
}

export function namedGroups({ facts }: Entity): readonly Entity[] {
  return [...(facts?.ancestors.values() ?? [])].filter(isNamed);
}

export function isEntity(value: Value | undefined): value is Entity {
  return typeof value === 'object' && value.kind === 'entity';
}

export function isNamed(value: Value | undefined): value is Entity {
  return isEntity(value) && !isMadeUp(value.id);
}

/** As model.ts names what no rule names. */
function isMadeUp(name: string): boolean {
  return /^(?:[a-z]+-\d+|default|another)$/.test(name);
}

export function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

export function joined(words: readonly string[]): string {
  return new Intl.ListFormat('en-GB').format(words);
}
