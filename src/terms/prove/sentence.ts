/**
 * A request as one plain sentence, for someone who has never seen a rule. What is as plain as it
 * could be is left out, and so are names that only the solver gave.
 */
import { type EntityUid, type Expr, partsOf } from '../policy.ts';
import type { ReferenceCall } from '../reference.ts';
import type { PackRule } from '../rules.ts';
import { policyExpressions } from '../typing/policy.ts';
import type { RequestType } from '../typing/schema.ts';
import { type Entity, entityKey, type Fields, type Request } from '../value.ts';
import {
  argumentWords,
  capital,
  contentWords,
  isEntity,
  isNamed,
  joined,
  literalWords,
  mannerWords,
  namedGroups,
  namesWords,
  offerWords,
  otherWords,
  purposeWords,
  TOOL_CALL,
  textWords,
} from './phrases.ts';
import { requestOfCall } from './replay.ts';
import { isPlain } from './words.ts';

/** What the rules that a request is an example for look at: that it is missing is told too. */
export interface LookedAt {
  readonly attributes: ReadonlySet<string>;
  /** Groups of the principal or the resource, by key. */
  readonly groups: ReadonlyMap<string, EntityUid>;
}

export function requestSentence(call: ReferenceCall, lookedAt: LookedAt): string {
  const request = requestOfCall(call);
  if (!request) return 'What is no request.';
  const { fields } = request.context;
  const circumstances = [
    ...argumentWords(request),
    ...offerWords(fields),
    ...mannerWords(fields),
    ...purposeWords(fields['purpose'], lookedAt.attributes),
    ...otherWords(fields),
  ];
  return `${[operationWords(request, lookedAt), ...circumstances].join(', ')}.`;
}

export function lookedAtBy(rules: readonly PackRule[]): LookedAt {
  const attributes = new Set<string>();
  const groups = new Map<string, EntityUid>();
  const visit = (expr: Expr): void => {
    if (expr.op === 'get' || expr.op === 'has') attributes.add(expr.attribute);
    if (expr.op === 'binary' && expr.operator === 'in' && expr.left.op === 'variable') {
      for (const { type, id } of entitiesIn(expr.right))
        groups.set(entityKey(type, id), { type, id });
    }
    for (const part of partsOf(expr)) visit(part);
  };
  for (const { policy } of rules) for (const expr of policyExpressions(policy)) visit(expr);
  return { attributes, groups };
}

/** What people ask for most first, since an example of it tells most. */
export function byInterest(environments: readonly RequestType[]): readonly RequestType[] {
  const rank = ({ action }: RequestType): number => {
    const at = ['generate', 'callTool', 'embed', 'countTokens'].indexOf(action.action.id);
    return at < 0 ? Infinity : at;
  };
  return environments.toSorted((a, b) => (rank(a) < rank(b) ? -1 : Number(rank(a) > rank(b))));
}

function entitiesIn(expr: Expr): readonly EntityUid[] {
  if (expr.op === 'entity') return [expr.entity];
  return expr.op === 'set' ? expr.items.flatMap(entitiesIn) : [];
}

function operationWords(
  { principal, action, resource, context: { fields } }: Request,
  lookedAt: LookedAt,
): string {
  const who = callerWords(principal, lookedAt);
  const model = modelWords(resource, lookedAt);
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
      const byWhom = isEntity(asking) ? modelWords(asking, lookedAt) : 'a model';
      const what = toolWords(resource, fields, lookedAt);
      return [`${capital(byWhom)} wants to run`, what, ...forWhom].join(' ');
    }
    default:
      return `${who} asks for \`${action.id}\` of ${entityWords(resource)}`;
  }
}

function callerWords(caller: Entity, lookedAt: LookedAt): string {
  const { organisation, partner, clearance, owner } = caller.facts?.attributes ?? {};
  const groups = namedGroups(caller);
  const byAttribute =
    groups.length === 0 && lookedAt.attributes.has('organisation') && isNamed(organisation)
      ? [`of the organisation \`${organisation.id}\``]
      : [];
  return [
    caller.type === 'Caller' ? 'A caller' : capital(entityWords(caller)),
    ...(caller.type === 'Caller' && isNamed(caller) ? [`named \`${caller.id}\``] : []),
    ...groups.map(({ type, id }) => `of the ${type.toLowerCase()} \`${id}\``),
    ...byAttribute,
    ...outsideWords(caller, 'Organisation', 'the organisation', lookedAt),
    ...outsideWords(caller, 'Team', 'the team', lookedAt),
    ...(isEntity(partner)
      ? [`who acts for ${isNamed(partner) ? `\`${partner.id}\`` : 'a partner'}`]
      : []),
    ...(clearance === undefined || isPlain(clearance)
      ? []
      : [`with clearance ${literalWords(clearance)}`]),
    ...textWords('owned by', owner),
  ].join(' ');
}

function modelWords(model: Entity, lookedAt: LookedAt): string {
  if (model.type !== 'Model') return entityWords(model);
  const { provider, variant, safeguardProfile, digest } = model.facts?.attributes ?? {};
  const [group = lookedAt.attributes.has('provider') ? provider : undefined] = namedGroups(model);
  return [
    isNamed(model) ? `the model \`${model.id}\`` : 'a model',
    ...(isNamed(group) ? [`of the provider \`${group.id}\``] : []),
    ...outsideWords(model, 'Provider', 'the provider', lookedAt),
    ...textWords('in the variant', variant),
    ...textWords('with the safeguard profile', safeguardProfile),
    ...textWords('with the digest', digest),
  ].join(' ');
}

function toolWords(tool: Entity, { toolTopics }: Fields, lookedAt: LookedAt): string {
  const classes = namedGroups(tool).map(({ id }) => `\`${id}\``);
  return [
    isNamed(tool) ? `the tool \`${tool.id}\`` : 'a tool',
    ...(classes.length > 0 ? [`of the class ${joined(classes)}`] : []),
    ...outsideWords(tool, 'ToolClass', 'the class', lookedAt),
    ...namesWords('whose description speaks of', toolTopics),
  ].join(' ');
}

function outsideWords(
  of: Entity,
  type: string,
  words: string,
  { groups }: LookedAt,
): readonly string[] {
  const outside = [...groups]
    .filter(([key, group]) => group.type === type && !of.facts?.ancestors.has(key))
    .map(([, { id }]) => `\`${id}\``);
  return outside.length === 0 ? [] : [`outside of ${words} ${joined(outside)}`];
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
