/**
 * Arguments that come in pieces: each piece names a place by JSON path and gives it a value, or
 * goes on with the string that stands there.
 *
 *   {"jsonPath": "$.operations[0].action", "stringValue": "add", "willContinue": true}
 */
import { ProvisoError } from '#base/errors.ts';
import { isObject, type JsonObject, type JsonValue } from '#base/json.ts';

type Tree = JsonValue | Tree[] | { [key: string]: Tree };
type Node = Tree[] | { [key: string]: Tree };

/** Places that one piece may skip in an array: more is no honest provider's. */
const GAP_MAX = 64;

export interface PartialArgs {
  add(pieces: readonly JsonValue[]): void;
  merge(args: JsonObject): void;
  /** The JSON text of the object so far. */
  text(): string;
}

/** Throws `upstream_invalid` for a piece that cannot be placed. */
export function partialArgs(): PartialArgs {
  const root: { [key: string]: Tree } = {};
  const openStrings = new Set<string>();
  return {
    add(pieces) {
      for (const piece of pieces) {
        if (!isObject(piece) || typeof piece['jsonPath'] !== 'string') throw unplaceable('');
        addPiece(root, piece, piece['jsonPath'], openStrings);
      }
    },
    merge(args) {
      for (const key in args) put(root, key, args[key] as JsonValue);
    },
    text: () => JSON.stringify(root),
  };
}

function addPiece(root: Node, piece: JsonObject, path: string, openStrings: Set<string>): void {
  const steps = stepsOf(path);
  let node = root;
  for (let i = 0; i < steps.length - 1; i++) {
    const step = steps[i] as string | number;
    let next = get(node, step);
    if (typeof next !== 'object' || next === null) {
      next = typeof steps[i + 1] === 'number' ? [] : {};
      place(node, step, next, path);
    }
    node = next as Node;
  }
  const last = steps.at(-1) as string | number;
  const text = piece['stringValue'];
  if (typeof text === 'string') {
    const before = openStrings.has(path) ? get(node, last) : '';
    place(node, last, (typeof before === 'string' ? before : '') + text, path);
    if (piece['willContinue'] === true) openStrings.add(path);
    else openStrings.delete(path);
    return;
  }
  const value = piece['numberValue'] ?? piece['boolValue'];
  if (value !== undefined) place(node, last, value, path);
  else if ('nullValue' in piece) place(node, last, null, path);
  else if (piece['willContinue'] === true) {
    place(node, last, '', path);
    openStrings.add(path);
  }
}

/** `$.a[0]['b c']` → `a`, 0, `b c`. */
function stepsOf(path: string): (string | number)[] {
  const steps: (string | number)[] = [];
  const pattern = /\.([^.[\]]+)|\[(\d+)\]|\['((?:[^'\\]|\\.)*)'\]|\["((?:[^"\\]|\\.)*)"\]/y;
  pattern.lastIndex = path.startsWith('$') ? 1 : 0;
  while (pattern.lastIndex < path.length) {
    const match = pattern.exec(path);
    if (!match) throw unplaceable(path);
    if (match[2] !== undefined) steps.push(Number(match[2]));
    else steps.push(match[1] ?? (match[3] ?? match[4] ?? '').replace(/\\(.)/g, '$1'));
  }
  if (steps.length === 0) throw unplaceable(path);
  return steps;
}

function get(node: Node, step: string | number): Tree | undefined {
  if (Array.isArray(node)) return typeof step === 'number' ? node[step] : undefined;
  return Object.hasOwn(node, String(step)) ? node[String(step)] : undefined;
}

function place(node: Node, step: string | number, value: Tree, path: string): void {
  if (!Array.isArray(node)) put(node, String(step), value);
  else if (typeof step !== 'number' || step > node.length + GAP_MAX) throw unplaceable(path);
  else {
    while (node.length < step) node.push(null);
    node[step] = value;
  }
}

/** Also for `__proto__`, which is a name like any other in arguments. */
function put(node: { [key: string]: Tree }, key: string, value: Tree): void {
  Object.defineProperty(node, key, { value, enumerable: true, configurable: true, writable: true });
}

function unplaceable(path: string): ProvisoError {
  return new ProvisoError(
    'upstream_invalid',
    `The provider sent an argument for a place that cannot be read: \`${path}\`.`,
  );
}
