/** What a solver prints: atoms, strings and lists, with `let` put in place. */

/** An atom or a string with its quotation marks; or a list. */
export type SExpr = string | readonly SExpr[];

/** The first expression of the text; undefined where it has none that is whole. */
export function parseSExpr(text: string): SExpr | undefined {
  const tokens = text.match(/"(?:[^"]|"")*"|\|[^|]*\||[()]|[^\s()"|]+/g) ?? [];
  let at = 0;
  const parse = (): SExpr | undefined => {
    const token = tokens[at++];
    if (token !== '(') return token === ')' ? undefined : token;
    const list: SExpr[] = [];
    while (tokens[at] !== ')') {
      const item = parse();
      if (item === undefined) return undefined;
      list.push(item);
    }
    at++;
    return list;
  };
  const parsed = parse();
  return parsed === undefined ? undefined : withoutLet(parsed, new Map());
}

export function printed(expr: SExpr): string {
  return typeof expr === 'string' ? expr : `(${expr.map(printed).join(' ')})`;
}

function withoutLet(expr: SExpr, bound: ReadonlyMap<string, SExpr>): SExpr {
  if (typeof expr === 'string') return bound.get(expr) ?? expr;
  const [head, bindings, body] = expr;
  if (head !== 'let' || typeof bindings !== 'object' || body === undefined) {
    return expr.map((part) => withoutLet(part, bound));
  }
  const inner = new Map(bound);
  for (const binding of bindings) {
    const [name, value] = binding;
    if (typeof name === 'string' && value !== undefined) inner.set(name, withoutLet(value, bound));
  }
  return withoutLet(body, inner);
}
