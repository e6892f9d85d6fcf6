/**
 * SMT-LIB 2.7 as text, folded where a part is constant, so that what is plain needs no solver.
 * https://smt-lib.org/language.shtml
 */

/** A term of the script. Equal terms have equal texts. */
export type Term = string;

export const TRUE: Term = 'true';
export const FALSE: Term = 'false';

export function apply(name: string, ...args: readonly Term[]): Term {
  return args.length === 0 ? name : `(${name} ${args.join(' ')})`;
}

export function not(a: Term): Term {
  if (a === TRUE) return FALSE;
  return a === FALSE ? TRUE : apply('not', a);
}

export function and(...terms: readonly Term[]): Term {
  return joined('and', terms, TRUE, FALSE);
}

export function or(...terms: readonly Term[]): Term {
  return joined('or', terms, FALSE, TRUE);
}

function joined(name: string, terms: readonly Term[], neutral: Term, absorbing: Term): Term {
  const parts = new Set(terms);
  if (parts.has(absorbing)) return absorbing;
  parts.delete(neutral);
  const [first = neutral] = parts;
  return parts.size < 2 ? first : apply(name, ...parts);
}

export function implies(a: Term, b: Term): Term {
  return or(not(a), b);
}

export function ite(condition: Term, a: Term, b: Term): Term {
  if (a === b || condition === TRUE) return a;
  return condition === FALSE ? b : apply('ite', condition, a, b);
}

export function same(a: Term, b: Term): Term {
  if (a === b) return TRUE;
  return isConstant(a) && isConstant(b) ? FALSE : apply('=', a, b);
}

/** Two constants that are written differently are different; literals have such names (sorts.ts). */
function isConstant(term: Term): boolean {
  return /^(?:true$|false$|\(_ bv|"|L)/.test(term);
}

/** A number of `bits` bits, in two's complement where it is negative. */
export function bits(value: bigint, bits: number): Term {
  return `(_ bv${BigInt.asUintN(bits, value)} ${bits})`;
}

/** @param sort of the set */
export function emptySet(sort: string): Term {
  return `((as const ${sort}) false)`;
}

export function text(value: string): Term {
  const escaped = value.replace(
    /[^ !#-[\]-~]/gu,
    (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`,
  );
  return `"${escaped}"`;
}

/** The lines of a script. Terms that are used more than once get a name, so that none grows large. */
export class Script {
  readonly #lines: string[] = [];
  readonly #names = new Map<string, Term>();
  readonly #asserted = new Set<Term>([TRUE]);

  declare(line: string): void {
    this.#lines.push(line);
  }

  constant(name: string, sort: string): Term {
    this.declare(`(declare-const ${name} ${sort})`);
    return name;
  }

  named(sort: string, term: Term): Term {
    if (!term.startsWith('(') || term.startsWith('(_ ')) return term;
    const known = this.#names.get(term);
    if (known !== undefined) return known;
    const name = `t${this.#names.size}`;
    this.#names.set(term, name);
    this.declare(`(define-fun ${name} () ${sort} ${term})`);
    return name;
  }

  assert(term: Term): void {
    if (this.#asserted.has(term)) return;
    this.#asserted.add(term);
    this.declare(`(assert ${term})`);
  }

  get text(): string {
    return this.#lines.join('\n');
  }
}
