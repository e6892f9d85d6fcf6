/**
 * Expressions → SMT terms, for one request environment: the value, and whether there is one, since
 * an expression that errs has none.
 *
 * Entities are assumed to be as the gateway makes them (request.ts): each that is named is there,
 * and the hierarchy is closed and without cycles. The same plain translation as in
 * https://github.com/cedar-policy/cedar-spec, `cedar-lean/Cedar/SymCC`, over arrays for sets.
 */
import type { Expr, Policy } from '../policy.ts';
import { partsOf } from '../policy.ts';
import { typecheckPolicy } from '../typing/policy.ts';
import type { CedarSchema, RequestType } from '../typing/schema.ts';
import { BOOLEAN, LONG, type RecordType, STRING, type Type } from '../typing/types.ts';
import { encodeArithmetic, encodeOrder } from './arithmetic.ts';
import { encodeCall } from './calls.ts';
import { Footprint } from './footprint.ts';
import { encodeIn } from './membership.ts';
import { encodeLike } from './patterns.ts';
import { encodeSetOperation, setEquality } from './sets.ts';
import {
  and,
  apply,
  bits,
  emptySet,
  FALSE,
  ite,
  not,
  or,
  Script,
  same,
  type Term,
  TRUE,
} from './smt.ts';
import { Sorts, Unsupported } from './sorts.ts';

export interface Encoded {
  readonly type: Type;
  readonly value: Term;
  /** Whether it has a value; where it does not, `value` says nothing. */
  readonly ok: Term;
  /** The items of a set that is written out. */
  readonly items?: readonly Term[] | undefined;
}

export interface EncodedPolicy {
  readonly matches: Term;
  readonly errs: Term;
}

export class Encoder {
  readonly script = new Script();
  readonly footprint = new Footprint();
  readonly sorts: Sorts;
  readonly request: RequestType;

  /** @param policies all that will be encoded */
  constructor(schema: CedarSchema, request: RequestType, policies: readonly Policy[]) {
    const isText = policies.some(({ conditions }) => conditions.some(readsText));
    this.sorts = new Sorts(this.script, schema, isText);
    this.request = request;
    for (const name of ['principal', 'resource'] as const) {
      const type: Type = { kind: 'entity', name: request[name] };
      this.leaf(type, this.script.constant(name, this.sorts.sortOf(type)));
    }
    this.script.constant('context', this.sorts.sortOf(request.action.context));
  }

  /** @throws PolicyTypeError, Unsupported */
  policy(policy: Policy): EncodedPolicy {
    const { expr } = typecheckPolicy(policy, this.sorts.schema, this.request);
    const { value, ok } = this.encode(expr);
    return {
      matches: this.script.named('Bool', and(ok, value)),
      errs: this.script.named('Bool', not(ok)),
    };
  }

  /** The whole script but its last question; what holds of every request is asserted. */
  finish(): string {
    this.footprint.assertHierarchy(this.script, this.sorts);
    this.sorts.assertDistinct();
    return this.script.text;
  }

  encode(expr: Expr): Encoded {
    const { type, value, ok, items } = this.#encode(expr);
    const named = this.script.named(this.sorts.sortOf(type), value);
    return { type, value: named, ok: this.script.named('Bool', ok), items };
  }

  /** A value that the request brings. */
  leaf(type: Type, term: Term): Term {
    this.script.assert(this.sorts.wellFormed(type, term));
    this.footprint.add(type, term, this.sorts);
    return term;
  }

  #encode(expr: Expr): Encoded {
    switch (expr.op) {
      case 'boolean':
        return { type: BOOLEAN, value: expr.value ? TRUE : FALSE, ok: TRUE };
      case 'long':
        return { type: LONG, value: bits(BigInt(expr.value), 64), ok: TRUE };
      case 'string': {
        const value = this.sorts.textLiteral(expr.value);
        this.footprint.add(STRING, value, this.sorts);
        return { type: STRING, value, ok: TRUE };
      }
      case 'entity': {
        const type: Type = { kind: 'entity', name: expr.entity.type };
        const value = this.sorts.entityLiteral(expr.entity);
        this.footprint.add(type, value, this.sorts);
        return { type, value, ok: TRUE };
      }
      case 'variable':
        return this.#variable(expr.name);
      case 'unary': {
        const arg = this.encode(expr.arg);
        if (expr.operator === 'not') return { ...arg, value: not(arg.value) };
        if (expr.operator === 'isEmpty') return encodeSetOperation('isEmpty', arg, arg, this);
        return encodeArithmetic('-', { ...arg, value: bits(0n, 64) }, arg);
      }
      case 'binary':
        return this.#binary(expr);
      case 'if':
        return this.#choice(expr);
      case 'get':
        return this.#get(this.encode(expr.of), expr.attribute);
      case 'has':
        return this.#has(this.encode(expr.of), expr.attribute);
      case 'like': {
        const { value, ok } = this.encode(expr.of);
        return { type: BOOLEAN, value: encodeLike(value, expr.pattern, this.sorts), ok };
      }
      case 'is': {
        const { type, ok } = this.encode(expr.of);
        const isType = type.kind === 'entity' && type.name === expr.type;
        return { type: BOOLEAN, value: isType ? TRUE : FALSE, ok };
      }
      case 'set':
        return this.#set(expr.items.map((item) => this.encode(item)));
      case 'record':
        return this.#record(expr.fields);
      case 'call':
        return encodeCall(expr, (arg) => this.encode(arg));
    }
  }

  #variable(name: 'principal' | 'action' | 'resource' | 'context'): Encoded {
    if (name === 'action')
      return this.#encode({ op: 'entity', entity: this.request.action.action });
    const type: Type =
      name === 'context'
        ? this.request.action.context
        : { kind: 'entity', name: this.request[name] };
    return { type, value: name, ok: TRUE };
  }

  #binary({ operator, left, right }: Extract<Expr, { op: 'binary' }>): Encoded {
    const a = this.encode(left);
    // A right side that is never reached may be of another type than it seems.
    if (operator === '&&' && a.value === FALSE) return a;
    if (operator === '||' && a.value === TRUE) return a;
    const b = this.encode(right);
    const ok = and(a.ok, b.ok);
    switch (operator) {
      case '&&':
        return {
          type: BOOLEAN,
          value: and(a.value, b.value),
          ok: and(a.ok, or(not(a.value), b.ok)),
        };
      case '||':
        return { type: BOOLEAN, value: or(a.value, b.value), ok: and(a.ok, or(a.value, b.ok)) };
      case '==':
        return { type: BOOLEAN, value: this.#equal(a, b), ok };
      case '!=':
        return { type: BOOLEAN, value: not(this.#equal(a, b)), ok };
      case '<':
      case '<=':
      case '>':
      case '>=':
        return encodeOrder(operator, a, b);
      case '+':
      case '-':
      case '*':
        return encodeArithmetic(operator, a, b);
      case 'in':
        return encodeIn(a, b, this);
      case 'contains':
      case 'containsAll':
      case 'containsAny':
        return encodeSetOperation(operator, a, b, this);
      case 'hasTag':
        return { type: BOOLEAN, value: this.#hasTag(a, b.value), ok };
      case 'getTag':
        return this.#getTag(a, b);
    }
  }

  #equal(a: Encoded, b: Encoded): Term {
    if (this.sorts.sortOf(a.type) !== this.sorts.sortOf(b.type)) return FALSE;
    // Entities of two types are never equal, nor are literals of two kinds.
    if (a.type.kind !== b.type.kind) return FALSE;
    if (a.type.kind === 'set') return setEquality(a, b, this);
    return same(a.value, b.value);
  }

  #choice({ condition, whenTrue, whenFalse }: Extract<Expr, { op: 'if' }>): Encoded {
    const c = this.encode(condition);
    if (c.value === TRUE || c.value === FALSE) {
      const taken = this.encode(c.value === TRUE ? whenTrue : whenFalse);
      return { ...taken, ok: and(c.ok, taken.ok) };
    }
    const [a, b] = [this.encode(whenTrue), this.encode(whenFalse)];
    const value = this.script.named(this.sorts.sortOf(a.type), ite(c.value, a.value, b.value));
    this.footprint.add(a.type, value, this.sorts);
    return { type: a.type, value, ok: and(c.ok, ite(c.value, a.ok, b.ok)) };
  }

  #fields({ type, value }: Encoded): { readonly type: RecordType; readonly value: Term } {
    if (type.kind === 'record') return { type, value };
    if (type.kind !== 'entity') throw new Unsupported(`attributes of a ${type.kind}`);
    const { type: attributes, of } = this.sorts.attributes(type.name);
    return { type: attributes, value: of(value) };
  }

  #get(of: Encoded, attribute: string): Encoded {
    const { type, value } = this.#fields(of);
    const field = this.sorts.recordSort(type).fields.get(attribute);
    if (!field) throw new Unsupported(`the attribute \`${attribute}\``);
    const term = this.script.named(this.sorts.sortOf(field.type), field.of(value));
    const ok = and(of.ok, field.isIn(value));
    return { type: field.type, value: this.leaf(field.type, term), ok };
  }

  #has(of: Encoded, attribute: string): Encoded {
    const { type, value } = this.#fields(of);
    const field = this.sorts.recordSort(type).fields.get(attribute);
    return { type: BOOLEAN, value: field ? field.isIn(value) : FALSE, ok: of.ok };
  }

  #hasTag({ type, value }: Encoded, key: Term): Term {
    const name = type.kind === 'entity' ? type.name : '';
    if (this.sorts.schema.entities.get(name)?.tags === undefined) return FALSE;
    return apply('select', this.sorts.tagKeys(name)(value), key);
  }

  #getTag(of: Encoded, key: Encoded): Encoded {
    const name = of.type.kind === 'entity' ? of.type.name : '';
    const type = this.sorts.schema.entities.get(name)?.tags;
    if (!type) throw new Unsupported(`tags of \`${name}\``);
    const value = this.sorts.tagValue(name, type)(of.value, key.value);
    const term = this.leaf(type, this.script.named(this.sorts.sortOf(type), value));
    return { type, value: term, ok: and(of.ok, key.ok, this.#hasTag(of, key.value)) };
  }

  #set(items: readonly Encoded[]): Encoded {
    const [first] = items;
    if (!first) throw new Unsupported('an empty set');
    const type: Type = { kind: 'set', of: first.type };
    const value = items.reduce(
      (set, item) => apply('store', set, item.value, TRUE),
      emptySet(this.sorts.sortOf(type)),
    );
    const ok = and(...items.map((item) => item.ok));
    return { type, value, ok, items: items.map((item) => item.value) };
  }

  #record(fields: ReadonlyMap<string, Expr>): Encoded {
    const encoded = new Map([...fields].map(([name, field]) => [name, this.encode(field)]));
    const attributes = [...encoded].map(
      ([name, { type }]) => [name, { type, isRequired: true }] as const,
    );
    const type: Type = { kind: 'record', attributes: new Map(attributes) };
    const { make, fields: sorted } = this.sorts.recordSort(type);
    const values = [...sorted.keys()].map((name) => encoded.get(name)?.value ?? '');
    const ok = and(...[...encoded.values()].map((field) => field.ok));
    return { type, value: apply(make, ...values), ok };
  }
}

function readsText(expr: Expr): boolean {
  return expr.op === 'like' || partsOf(expr).some(readsText);
}
