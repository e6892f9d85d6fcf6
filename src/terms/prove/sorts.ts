/**
 * Cedar's types as SMT sorts, and what a request environment leaves open as constants and functions:
 *
 *   Long, decimal, datetime, duration   64 bits
 *   String        an uninterpreted sort; SMT strings only where a rule uses `like`
 *   entity type   an uninterpreted sort: of an id it only counts whether it is the same
 *   record        a datatype; an optional attribute is a datatype of `none` or `some`
 *   Set<T>        an array from T to Bool
 *   attributes    a function from the entity to a record
 *   ancestors     for each pair of types a function from the entity to a set
 *   tags          a function to the set of keys, and one to the value of a key
 */
import type { EntityUid } from '../policy.ts';
import type { CedarSchema } from '../typing/schema.ts';
import { type RecordType, STRING, type Type } from '../typing/types.ts';
import { apply, bits, ite, or, type Script, same, type Term, TRUE, text } from './smt.ts';

/** Something that the encoding has no form for: the answer is `unknown`. */
export class Unsupported extends Error {
  override readonly name = 'Unsupported';
}

export interface RecordSort {
  readonly sort: string;
  readonly make: string;
  readonly fields: ReadonlyMap<string, FieldSort>;
}

interface FieldSort {
  readonly type: Type;
  /** What `name` says of the record, and whether it does. */
  readonly of: (record: Term) => Term;
  readonly isIn: (record: Term) => Term;
  readonly isRequired: boolean;
}

export class Sorts {
  readonly schema: CedarSchema;
  readonly isText: boolean;
  readonly #script: Script;
  readonly #entitySorts = new Map<string, string>();
  readonly #records = new Map<string, RecordSort>();
  readonly #optionals = new Map<string, string>();
  readonly #functions = new Set<string>();
  readonly #entityLiterals = new Map<string, Map<string, Term>>();
  readonly #textLiterals = new Map<string, Term>();

  /** @param isText whether a rule looks into strings */
  constructor(script: Script, schema: CedarSchema, isText: boolean) {
    this.#script = script;
    this.schema = schema;
    this.isText = isText;
    script.declare(
      '(declare-datatypes ((Ip 0)) (((v4 (addr4 (_ BitVec 32)) (pre4 (_ BitVec 32)))' +
        ' (v6 (addr6 (_ BitVec 128)) (pre6 (_ BitVec 128))))))',
    );
    if (!isText) script.declare('(declare-sort Str 0)');
  }

  sortOf(type: Type): string {
    switch (type.kind) {
      case 'boolean':
        return 'Bool';
      case 'string':
        return this.isText ? 'String' : 'Str';
      case 'entity':
        return this.#entitySort(type.name);
      case 'set':
        return `(Array ${this.sortOf(type.of)} Bool)`;
      case 'record':
        return this.recordSort(type).sort;
      case 'ip':
        return 'Ip';
      case 'long':
      case 'decimal':
      case 'datetime':
      case 'duration':
        return '(_ BitVec 64)';
    }
  }

  recordSort({ attributes }: RecordType): RecordSort {
    const fields = [...attributes].sort(([a], [b]) => (a < b ? -1 : 1));
    const sorts = fields.map(([, { type, isRequired }]) =>
      isRequired ? this.sortOf(type) : this.#optional(this.sortOf(type)),
    );
    const key = JSON.stringify(fields.map(([name], i) => [name, sorts[i]]));
    const known = this.#records.get(key);
    if (known) return known;
    const sort = `R${this.#records.size}`;
    const selectors = fields.map((_, i) => `${sort}_${i}`);
    const record: RecordSort = {
      sort,
      make: `mk${sort}`,
      fields: new Map(
        fields.map(([name, field], i) => [
          name,
          fieldSort(field, selectors[i] ?? '', sorts[i] ?? ''),
        ]),
      ),
    };
    this.#records.set(key, record);
    const members = selectors.map((selector, i) => `(${selector} ${sorts[i]})`).join(' ');
    this.#script.declare(`(declare-datatypes ((${sort} 0)) (((${record.make} ${members}))))`);
    return record;
  }

  /** The record of an entity's attributes; none for a type without. */
  attributes(name: string): { readonly type: RecordType; readonly of: (e: Term) => Term } {
    const type = this.schema.entities.get(name)?.attributes ?? NO_ATTRIBUTES;
    const attrs = `attrs_${this.#entitySort(name)}`;
    this.#function(attrs, [this.#entitySort(name)], this.sortOf(type));
    return { type, of: (e) => apply(attrs, e) };
  }

  ancestors(name: string, group: string): (e: Term) => Term {
    const [from, to] = [this.#entitySort(name), this.#entitySort(group)];
    const within = `in_${from}_${to}`;
    this.#function(within, [from], `(Array ${to} Bool)`);
    return (e) => apply(within, e);
  }

  tagKeys(name: string): (e: Term) => Term {
    const keys = `tagKeys_${this.#entitySort(name)}`;
    this.#function(keys, [this.#entitySort(name)], `(Array ${this.sortOf(STRING)} Bool)`);
    return (e) => apply(keys, e);
  }

  tagValue(name: string, type: Type): (e: Term, key: Term) => Term {
    const value = `tag_${this.#entitySort(name)}`;
    const args = [this.#entitySort(name), this.sortOf(STRING)];
    this.#function(value, args, this.sortOf(type));
    return (e, key) => apply(value, e, key);
  }

  entityLiteral({ type, id }: EntityUid): Term {
    const literals = this.#entityLiterals.get(type) ?? new Map<string, Term>();
    this.#entityLiterals.set(type, literals);
    const known = literals.get(id);
    if (known !== undefined) return known;
    const sort = this.#entitySort(type);
    const term = this.#script.constant(`L${sort}_${literals.size}`, sort);
    literals.set(id, term);
    return term;
  }

  textLiteral(value: string): Term {
    if (!value.isWellFormed() || /[\u{30000}-\u{10ffff}]/u.test(value)) {
      throw new Unsupported('a text with a character that SMT-LIB does not have');
    }
    if (this.isText) return text(value);
    const known = this.#textLiterals.get(value);
    if (known !== undefined) return known;
    const term = this.#script.constant(`LS_${this.#textLiterals.size}`, 'Str');
    this.#textLiterals.set(value, term);
    return term;
  }

  /** What holds of each value of the type that a request can bring. */
  wellFormed(type: Type, term: Term): Term {
    if (type.kind === 'ip') {
      return ite(
        `((_ is v4) ${term})`,
        apply('bvule', apply('pre4', term), bits(32n, 32)),
        apply('bvule', apply('pre6', term), bits(128n, 128)),
      );
    }
    if (type.kind !== 'entity') return TRUE;
    const uids = this.onlyIds(type.name);
    return uids ? or(...uids.map((uid) => same(term, this.entityLiteral(uid)))) : TRUE;
  }

  /** All entities of the type, where the schema lists them. */
  onlyIds(type: string): readonly EntityUid[] | undefined {
    const known = this.schema.entities.get(type);
    if (known) return known.ids && [...known.ids].map((id) => ({ type, id }));
    return [...this.schema.actions.values()].flatMap(({ action }) =>
      action.type === type ? [action] : [],
    );
  }

  get literals(): {
    readonly entities: ReadonlyMap<string, ReadonlyMap<string, Term>>;
    readonly texts: ReadonlyMap<string, Term>;
  } {
    return { entities: this.#entityLiterals, texts: this.#textLiterals };
  }

  /** Literals that are written differently are different. Asserted when all are known. */
  assertDistinct(): void {
    for (const literals of [this.#textLiterals, ...this.#entityLiterals.values()]) {
      if (literals.size > 1) this.#script.assert(apply('distinct', ...literals.values()));
    }
  }

  #optional(sort: string): string {
    const known = this.#optionals.get(sort);
    if (known !== undefined) return known;
    const name = `O${this.#optionals.size}`;
    this.#optionals.set(sort, name);
    const some = `(some${name} (val${name} ${sort}))`;
    this.#script.declare(`(declare-datatypes ((${name} 0)) (((none${name}) ${some})))`);
    return name;
  }

  #entitySort(name: string): string {
    const known = this.#entitySorts.get(name);
    if (known !== undefined) return known;
    const sort = `E${this.#entitySorts.size}`;
    this.#entitySorts.set(name, sort);
    this.#script.declare(`(declare-sort ${sort} 0)`);
    return sort;
  }

  #function(name: string, args: readonly string[], result: string): void {
    if (this.#functions.has(name)) return;
    this.#functions.add(name);
    this.#script.declare(`(declare-fun ${name} (${args.join(' ')}) ${result})`);
  }
}

function fieldSort(
  { type, isRequired }: { readonly type: Type; readonly isRequired: boolean },
  selector: string,
  sort: string,
): FieldSort {
  const of = (record: Term): Term => apply(selector, record);
  if (isRequired) return { type, isRequired, of, isIn: () => TRUE };
  return {
    type,
    isRequired,
    of: (record) => apply(`val${sort}`, of(record)),
    isIn: (record) => `((_ is some${sort}) ${of(record)})`,
  };
}

const NO_ATTRIBUTES: RecordType = { kind: 'record', attributes: new Map() };
