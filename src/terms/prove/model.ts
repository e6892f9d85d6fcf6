/**
 * A model of the solver → the request that it stands for, entities included, as Cedar's JSON.
 *
 * What the model leaves open is filled with as little as the schema allows. Nothing here has to be
 * trusted: the request is replayed before anyone sees it (replay.ts).
 */
import type { JsonObject, JsonValue } from '#base/json.ts';
import { formatDecimal } from '../extensions/decimal.ts';
import { formatIp } from '../extensions/ip.ts';
import { toLong } from '../long.ts';
import type { EntityUid } from '../policy.ts';
import type { ReferenceCall } from '../reference.ts';
import type { RecordType, Type } from '../typing/types.ts';
import { entityKey } from '../value.ts';
import { type ArrayValue, arrayOf } from './arrays.ts';
import type { Encoder } from './encode.ts';
import { parseSExpr, printed, type SExpr } from './sexpr.ts';
import type { Term } from './smt.ts';

/** The terms whose values a model is read from; ask after `Encoder.finish`. */
export function modelTerms({ sorts, footprint, request }: Encoder): readonly Term[] {
  const terms = new Set<Term>(['principal', 'resource']);
  if (request.action.context.attributes.size > 0) terms.add('context');
  for (const [type, entities] of footprint.entities) {
    const attributes = sorts.attributes(type);
    const tags = sorts.schema.entities.get(type)?.tags;
    for (const entity of entities) {
      terms.add(entity);
      if (attributes.type.attributes.size > 0) terms.add(attributes.of(entity));
      if (!tags) continue;
      terms.add(sorts.tagKeys(type)(entity));
      for (const key of footprint.texts(sorts)) terms.add(sorts.tagValue(type, tags)(entity, key));
    }
  }
  for (const { term } of footprint.memberships(sorts)) terms.add(term);
  for (const values of footprint.values.values()) for (const value of values) terms.add(value);
  for (const text of sorts.literals.texts.values()) terms.add(text);
  for (const literals of sorts.literals.entities.values()) {
    for (const literal of literals.values()) terms.add(literal);
  }
  return [...terms];
}

/**
 * @param values what the solver printed for `modelTerms`
 * @throws ModelError where it is not understood
 */
export function requestOfModel(
  terms: readonly Term[],
  values: string,
  encoder: Encoder,
): ReferenceCall {
  const pairs = parseSExpr(values);
  if (typeof pairs !== 'object' || pairs.length !== terms.length) throw new ModelError(values);
  const byTerm = new Map(terms.map((term, i) => [term, pairs[i]?.[1] ?? '']));
  return new ModelReader(byTerm, encoder).request();
}

export class ModelError extends Error {
  override readonly name = 'ModelError';
}

interface ListedEntity {
  readonly uid: EntityUid;
  attributes: JsonObject;
  tags: JsonObject;
  readonly ancestors: Map<string, EntityUid>;
}

class ModelReader {
  readonly #values: ReadonlyMap<Term, SExpr>;
  readonly #encoder: Encoder;
  /** Ids and texts, by sort and value of the model. */
  readonly #names = new Map<string, string>();
  readonly #taken = new Set<string>();
  readonly #entities = new Map<string, ListedEntity>();
  /** A term for each entity of the model, through which its attributes are known. */
  readonly #terms = new Map<string, Term>();

  constructor(values: ReadonlyMap<Term, SExpr>, encoder: Encoder) {
    this.#values = values;
    this.#encoder = encoder;
    const { literals } = encoder.sorts;
    for (const [text, term] of literals.texts) this.#name('text', this.#valueOf(term), text);
    for (const [type, ids] of literals.entities) {
      for (const [id, term] of ids) this.#name(type, this.#valueOf(term), id);
    }
    for (const [type, terms] of encoder.footprint.entities) {
      for (const term of terms) this.#terms.set(`${type} ${printed(this.#valueOf(term))}`, term);
    }
  }

  request(): ReferenceCall {
    const { sorts, footprint, request } = this.#encoder;
    const principal = this.#entity(request.principal, this.#valueOf('principal'));
    const resource = this.#entity(request.resource, this.#valueOf('resource'));
    const context = this.#values.has('context')
      ? this.#record(request.action.context, this.#valueOf('context'))
      : {};
    for (const { type, below, group, above, term } of footprint.memberships(sorts)) {
      if (this.#valueOf(term) !== 'true') continue;
      const uid = this.#entity(group, this.#valueOf(above));
      const of = this.#entities.get(keyOf(this.#entity(type, this.#valueOf(below))));
      of?.ancestors.set(keyOf(uid), uid);
    }
    const entities = [...this.#entities.values()].map((listed) => ({
      uid: { ...listed.uid },
      attrs: listed.attributes,
      tags: listed.tags,
      parents: [...listed.ancestors.values()].map((uid) => ({ ...uid })),
    }));
    return {
      principal: { ...principal },
      action: { ...request.action.action },
      resource: { ...resource },
      context,
      entities: [...entities, ...this.#actions()],
    };
  }

  #actions(): JsonObject[] {
    return [...this.#encoder.sorts.schema.actions.values()].map(({ action, ancestors }) => ({
      uid: { ...action },
      attrs: {},
      tags: {},
      parents: [...ancestors].map((key) => {
        const at = key.indexOf('"');
        return { type: key.slice(0, at), id: key.slice(at + 1) };
      }),
    }));
  }

  #valueOf(term: Term): SExpr {
    const value = this.#values.get(term);
    if (value === undefined) throw new ModelError(term);
    return value;
  }

  #entity(type: string, value: SExpr): EntityUid {
    const uid = { type, id: this.#name(type, value) };
    const known = this.#entities.get(keyOf(uid));
    const { schema } = this.#encoder.sorts;
    const entityType = schema.entities.get(type);
    if (known || !entityType) return uid;
    const listed: ListedEntity = { uid, attributes: {}, tags: {}, ancestors: new Map() };
    this.#entities.set(keyOf(uid), listed);
    const term = this.#terms.get(`${type} ${printed(value)}`);
    const attributes = term && this.#values.get(this.#encoder.sorts.attributes(type).of(term));
    listed.attributes = this.#record(entityType.attributes, attributes);
    if (entityType.tags && term !== undefined) {
      listed.tags = this.#tags(type, entityType.tags, term);
    }
    return uid;
  }

  #tags(type: string, valueType: Type, entity: Term): JsonObject {
    const { sorts, footprint } = this.#encoder;
    const keys = readArray(this.#valueOf(sorts.tagKeys(type)(entity)));
    const tags: [string, JsonValue][] = [];
    for (const key of footprint.texts(sorts)) {
      const value = this.#valueOf(key);
      if (!keys.holds(value)) continue;
      const tag = this.#valueOf(sorts.tagValue(type, valueType)(entity, key));
      tags.push([this.#text(value), this.#value(valueType, tag)]);
    }
    return Object.fromEntries(tags);
  }

  /** @param value of the model; without it as little as the type allows */
  #record(type: RecordType, value: SExpr | undefined): JsonObject {
    const { fields } = this.#encoder.sorts.recordSort(type);
    const parts = typeof value === 'object' ? value.slice(1) : undefined;
    const members: [string, JsonValue][] = [];
    for (const [i, [name, field]] of [...fields].entries()) {
      const part = parts?.[i];
      if (field.isRequired) members.push([name, this.#value(field.type, part)]);
      else if (typeof part === 'object' && String(part[0]).startsWith('some')) {
        members.push([name, this.#value(field.type, part[1])]);
      }
    }
    return Object.fromEntries(members);
  }

  #value(type: Type, value: SExpr | undefined): JsonValue {
    switch (type.kind) {
      case 'boolean':
        return value === 'true';
      case 'string':
        return value === undefined ? '' : this.#text(value);
      case 'entity':
        return { __entity: { ...this.#entity(type.name, value ?? 'default') } };
      case 'record':
        return this.#record(type, value);
      case 'set':
        return value === undefined ? [] : this.#set(type.of, value);
      case 'long':
        return longJson(numberOf(value));
      case 'decimal': {
        const tenThousandths = toLong(numberOf(value));
        return extension('decimal', formatDecimal({ kind: 'decimal', tenThousandths }));
      }
      case 'duration':
        return extension('duration', `${numberOf(value)}ms`);
      case 'datetime': {
        const epoch = extension('datetime', '1970-01-01');
        const args = [epoch, extension('duration', `${numberOf(value)}ms`)];
        return { __extn: { fn: 'offset', args } };
      }
      case 'ip':
        return extension('ip', ipText(value));
    }
  }

  /** Of a set that holds nearly everything, what the model knows of, and one more. */
  #set(of: Type, value: SExpr): JsonValue {
    const { items, holds, holdsOthers } = readArray(value);
    const held = [...items, ...this.#known(of)].filter(holds);
    const hasMore = holdsOthers && (of.kind === 'string' || of.kind === 'entity');
    const all = hasMore ? [...held, 'another'] : held;
    const unique = new Map(all.map((item) => [printed(item), item]));
    return [...unique.values()].map((item) => this.#value(of, item));
  }

  #known(type: Type): readonly SExpr[] {
    if (type.kind === 'boolean') return ['true', 'false'];
    const { footprint, sorts } = this.#encoder;
    return [...(footprint.values.get(sorts.sortOf(type)) ?? [])].map((term) => this.#valueOf(term));
  }

  #text(value: SExpr): string {
    const atom = typeof value === 'string' ? value : printed(value);
    if (!atom.startsWith('"')) return this.#name('text', value);
    const inner = atom.slice(1, -1).replaceAll('""', '"');
    return inner.replace(/\\u\{([0-9a-fA-F]+)\}|\\u([0-9a-fA-F]{4})/g, (_, long, short) =>
      String.fromCodePoint(Number.parseInt(String(long ?? short), 16)),
    );
  }

  /** The id or text that a value of an uninterpreted sort stands for. */
  #name(sort: string, value: SExpr, literal?: string): string {
    const key = `${sort} ${printed(value)}`;
    const known = this.#names.get(key);
    if (known !== undefined) return known;
    const only = literal === undefined ? this.#encoder.sorts.onlyIds(sort) : undefined;
    let name = literal ?? only?.[0]?.id;
    const base = (sort.split('::').at(-1) ?? sort).toLowerCase();
    for (let i = 1; name === undefined; i++) {
      if (!this.#taken.has(`${sort} ${base}-${i}`)) name = `${base}-${i}`;
    }
    this.#taken.add(`${sort} ${name}`);
    this.#names.set(key, name);
    return name;
  }
}

function readArray(value: SExpr): ArrayValue {
  const array = arrayOf(value);
  if (!array) throw new ModelError(printed(value));
  return array;
}

function numberOf(value: SExpr | undefined): bigint {
  return BigInt.asIntN(64, unsigned(value));
}

/** `#x1f`, `#b101`, `(_ bv5 8)` */
function unsigned(value: SExpr | undefined): bigint {
  if (value === undefined) return 0n;
  const text = typeof value === 'string' ? value : String(value[1]);
  const match = /^#([xb])([0-9a-fA-F]+)$/.exec(text);
  if (match) return BigInt(`0${match[1]}${match[2]}`);
  const decimal = /^bv(\d+)$/.exec(text)?.[1];
  if (decimal === undefined) throw new ModelError(printed(value));
  return BigInt(decimal);
}

function ipText(value: SExpr | undefined): string {
  if (typeof value !== 'object') return '0.0.0.0/32';
  const version = value[0] === 'v4' ? 4 : 6;
  const address = unsigned(value[1]);
  const bits = version === 4 ? 32n : 128n;
  const prefix = unsigned(value[2]);
  const isWithin = prefix <= bits;
  return formatIp({ kind: 'ip', version, address, prefix: Number(isWithin ? prefix : bits) });
}

function longJson(value: bigint): JsonValue {
  const long = toLong(value);
  return typeof long === 'bigint' ? JSON.rawJSON(long.toString()) : long;
}

function extension(fn: string, arg: string): JsonObject {
  return { __extn: { fn, arg } };
}

function keyOf({ type, id }: EntityUid): string {
  return entityKey(type, id);
}
