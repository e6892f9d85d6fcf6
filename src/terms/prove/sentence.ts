/**
 * A request as one plain sentence, for someone who has never seen a rule. What is as plain as it
 * could be is left out, and so are names that only the solver gave.
 */
import { literal } from '../literal.ts';
import { type Expr, partsOf } from '../policy.ts';
import type { ReferenceCall } from '../reference.ts';
import type { PackRule } from '../rules.ts';
import type { Entity, Fields, Request, Value } from '../value.ts';
import { requestOfCall } from './replay.ts';
import { isPlain } from './words.ts';

/** @param looksAt attributes that the rules in question read: a missing one is told as missing */
export function requestSentence(call: ReferenceCall, looksAt: ReadonlySet<string>): string {
  const request = requestOfCall(call);
  if (!request) return 'What is no request.';
  const { fields } = request.context;
  const circumstances = [
    ...argumentWords(request),
    ...offerWords(fields),
    ...mannerWords(fields),
    ...purposeWords(fields['purpose'], looksAt),
    ...otherWords(fields),
  ];
  return `${[operationWords(request), ...circumstances].join(', ')}.`;
}

/** What rules read, for `requestSentence`. */
export function attributesRead(rules: readonly PackRule[]): ReadonlySet<string> {
  const read = new Set<string>();
  const visit = (expr: Expr): void => {
    if (expr.op === 'get' || expr.op === 'has') read.add(expr.attribute);
    for (const part of partsOf(expr)) visit(part);
  };
  for (const { policy } of rules) for (const condition of policy.conditions) visit(condition);
  return read;
}

const MODEL_CALLS = new Set(['generate', 'embed', 'countTokens'].map((id) => `Action"${id}`));
const TOOL_CALL = 'Action"callTool';

function operationWords({ principal, action, resource, context: { fields } }: Request): string {
  const who = callerWords(principal);
  const model = modelWords(resource);
  const content = contentWords(fields);
  const something = content.length === 0 ? 'something' : `something that ${joined(content)}`;
  switch (action.key) {
    case 'Action"generate':
      return `${who} asks ${model} ${something}`;
    case 'Action"embed':
      return `${who} has ${model} embed ${something}`;
    case 'Action"countTokens':
      return `${who} has ${model} count the tokens of ${something}`;
    case TOOL_CALL: {
      const { model: asking } = fields;
      const forWhom = who === 'A caller' ? [] : [`for ${who.replace(/^A/, 'a')}`];
      const wants = `${capital(isEntity(asking) ? modelWords(asking) : 'a model')} wants to run`;
      return [wants, toolWords(resource, fields), ...forWhom].join(' ');
    }
    default:
      return `${who} asks for \`${action.id}\` of ${entityWords(resource)}`;
  }
}

function callerWords(caller: Entity): string {
  const { organisation, partner, clearance, owner } = caller.facts?.attributes ?? {};
  const groups = namedGroups(caller);
  const isMember = groups.length > 0 || !isNamed(organisation);
  return [
    caller.type === 'Caller' ? 'A caller' : capital(entityWords(caller)),
    ...(caller.type === 'Caller' && isNamed(caller) ? [`named \`${caller.id}\``] : []),
    ...groups.map(({ type, id }) => `of the ${type.toLowerCase()} \`${id}\``),
    ...(isMember ? [] : [`of the organisation \`${organisation.id}\``]),
    ...(isEntity(partner)
      ? [`who acts for ${isNamed(partner) ? `\`${partner.id}\`` : 'a partner'}`]
      : []),
    ...(clearance === undefined || isPlain(clearance)
      ? []
      : [`with clearance ${literalWords(clearance)}`]),
    ...textWords('owned by', owner),
  ].join(' ');
}

function modelWords(model: Entity): string {
  if (model.type !== 'Model') return entityWords(model);
  const { provider, variant, safeguardProfile, digest } = model.facts?.attributes ?? {};
  const [group = provider] = namedGroups(model);
  return [
    isNamed(model) ? `the model \`${model.id}\`` : 'a model',
    ...(isNamed(group) ? [`of the provider \`${group.id}\``] : []),
    ...textWords('in the variant', variant),
    ...textWords('with the safeguard profile', safeguardProfile),
    ...textWords('with the digest', digest),
  ].join(' ');
}

function toolWords(tool: Entity, { toolTopics }: Fields): string {
  const classes = namedGroups(tool).map(({ id }) => `\`${id}\``);
  return [
    isNamed(tool) ? `the tool \`${tool.id}\`` : 'a tool',
    ...(classes.length > 0 ? [`of the class ${joined(classes)}`] : []),
    ...namesWords('whose description speaks of', toolTopics),
  ].join(' ');
}

/** Of what is sent to a model. */
function contentWords(fields: Fields): readonly string[] {
  const persons = personsOf(fields);
  return [
    ...(persons === undefined ? [] : [`names ${persons}`]),
    ...namesWords('speaks of', fields['topics']),
    ...namesWords('has parts that no detector reads:', fields['unread']),
  ];
}

/** Of what a tool is given, or whatever else is asked for that is no call of a model. */
function argumentWords({ action, context: { fields } }: Request): readonly string[] {
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

function namesWords(before: string, set: Value | undefined): readonly string[] {
  const found = namesIn(set);
  return found.length === 0 ? [] : [`${before} ${joined(found)}`];
}

/** Of what a model is offered. */
function offerWords({ tools, toolClasses, providerTools }: Fields): readonly string[] {
  return [
    ...namesWords('offering it the tool', tools),
    ...namesWords('offering it a tool of the class', toolClasses),
    ...namesWords('offering it the provider’s own tool', providerTools),
  ];
}

function mannerWords({ approvals, instant, streamed, protocol }: Fields): readonly string[] {
  return [
    ...(streamed === true ? ['as a stream'] : []),
    ...textWords('over the protocol', protocol),
    ...namesWords('with the approval', approvals),
    ...(instant === undefined || isPlain(instant) ? [] : [`on ${literalWords(instant)}`]),
  ];
}

function purposeWords(purpose: Value | undefined, looksAt: ReadonlySet<string>): readonly string[] {
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
function otherWords(fields: Fields): readonly string[] {
  return Object.entries(fields).flatMap(([name, value]) =>
    value === undefined || TOLD.has(name) || isPlain(value)
      ? []
      : [`where \`${name}\` is ${literalWords(value)}`],
  );
}

function entityWords(entity: Entity): string {
  const type = entity.type.split('::').at(-1) ?? entity.type;
  const article = /^[aeiou]/i.test(type) ? 'an' : 'a';
  const groups = namedGroups(entity).map(({ type, id }) => `in ${type} \`${id}\``);
  const name = isNamed(entity) ? `the ${type} \`${entity.id}\`` : `${article} ${type}`;
  const fields = Object.entries(entity.facts?.attributes ?? {}).flatMap(([field, value]) =>
    value === undefined || isPlain(value) ? [] : [`${field} ${literalWords(value)}`],
  );
  const attributes = fields.length === 0 ? [] : [`with ${joined(fields)}`];
  return [name, ...groups, ...attributes].join(' ');
}

function textWords(before: string, text: Value | undefined, ifAny?: string): readonly string[] {
  if (typeof text !== 'string' || text === '') return [];
  if (isMadeUp(text)) return ifAny === undefined ? [] : [ifAny];
  return [`${before} \`${text}\``];
}

/** Texts, or the ids of entities. */
function namesIn(set: Value | undefined): readonly string[] {
  if (typeof set !== 'object' || set.kind !== 'set') return [];
  const all = set.items.map((item) => (isEntity(item) ? item.id : literalWords(item)));
  return all.map((name) =>
    isMadeUp(name.replace(/^"|"$/g, '')) ? 'something else' : `\`${name.replace(/^"|"$/g, '')}\``,
  );
}

function literalWords(value: Value): string {
  if (typeof value === 'object' && value.kind === 'datetime') {
    const date = new Date(Number(value.ms));
    if (!Number.isNaN(date.getTime())) return date.toISOString().replace('T00:00:00.000Z', '');
  }
  return literal(value).replace(/^\((.*)\)$/, '$1');
}

function namedGroups({ facts }: Entity): readonly Entity[] {
  return [...(facts?.ancestors.values() ?? [])].filter(isNamed);
}

function isEntity(value: Value | undefined): value is Entity {
  return typeof value === 'object' && value.kind === 'entity';
}

function isNamed(value: Value | undefined): value is Entity {
  return isEntity(value) && !isMadeUp(value.id);
}

/** As model.ts names what no rule names. */
function isMadeUp(name: string): boolean {
  return /^(?:[a-z]+-\d+|default|another)$/.test(name);
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

function joined(words: readonly string[]): string {
  return new Intl.ListFormat('en-GB').format(words);
}
