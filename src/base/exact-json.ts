/**
 * JSON without loss, with nothing but the platform, so that a browser can load it too: the canonical
 * form (RFC 8785), and numbers kept as they were written. `json.ts` has what comes from outside.
 */

/** ECMAScript's JSON.parse source text access, which TypeScript's library does not know yet. */
declare global {
  interface JSON {
    rawJSON(text: string): { readonly rawJSON: string };
    isRawJSON(value: unknown): value is { readonly rawJSON: string };
    parse(text: string, reviver: SourceReviver): unknown;
  }
}
type SourceReviver = (key: string, value: unknown, context: { source?: string }) => unknown;

export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };
/** What `JSON.stringify` writes; members that are undefined are left out. */
export type JsonWritable = string | number | boolean | null | object;
export type JsonObject = { readonly [key: string]: JsonValue };

/** `JSON.parse`, but a number that a double would change stays the text it was. */
export function parseExact(text: string): JsonValue {
  return JSON.parse(text, keepLongNumbers) as JsonValue;
}

/** RFC 8785: sorted keys, no white space, ECMAScript numbers. */
export function canonicalJson(value: JsonValue): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (JSON.isRawJSON(value)) return JSON.stringify(value);
  const object = value as JsonObject;
  let out = '{';
  for (const key of Object.keys(object).sort()) {
    const member = object[key];
    if (member === undefined) continue;
    if (out.length > 1) out += ',';
    out += `${JSON.stringify(key)}:${canonicalJson(member)}`;
  }
  return `${out}}`;
}

export function isObject(value: JsonValue | undefined): value is JsonObject {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && !JSON.isRawJSON(value)
  );
}

/** A number that a double would change stays the text it was: `JSON.stringify` writes it back. */
function keepLongNumbers(_key: string, value: unknown, context: { source?: string }): unknown {
  if (typeof value !== 'number' || context.source === undefined) return value;
  return isExact(context.source, value) ? value : JSON.rawJSON(context.source);
}

function isExact(source: string, value: number): boolean {
  if (!Number.isFinite(value)) return false;
  if (String(value) === source) return true;
  return normalDecimal(source) === normalDecimal(String(value));
}

/** `1.50e2` and `150` → `15e1`: equal text means equal value. */
function normalDecimal(source: string): string {
  const match = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(source);
  if (!match) return source;
  const [, sign, whole = '', fraction = '', exponent = '0'] = match;
  const digits = (whole + fraction).replace(/^0+/, '');
  const significant = digits.replace(/0+$/, '');
  if (significant === '') return `${sign}0`;
  const power = Number(exponent) - fraction.length + (digits.length - significant.length);
  return `${sign}${significant}e${power}`;
}
