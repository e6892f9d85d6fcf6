/**
 * What a person is shown of an action: made from the action alone, whole, with nothing folded, and
 * with each character that cannot be seen, or that passes for another, written out as ⟨U+202E⟩.
 * docs/spec/oversight.md#the-display
 *
 * The hash covers every line, so a signature names what was given to be shown. A change here that
 * changes any line is another version.
 */
import { hash } from 'node:crypto';
import confusables from 'unhomoglyph/data.json' with { type: 'json' };
import { canonicalJson, isObject, type JsonObject, type JsonValue } from '#base/json.ts';
import type { ActionDocument } from './action.ts';

export const DISPLAY_VERSION = 1;

export interface DisplayLine {
  /** Where in the action: `tool`, `arguments.target.name`, `arguments.points[2]`. */
  readonly label: string;
  readonly value: string;
  readonly kind: 'text' | 'number' | 'boolean' | 'null' | 'empty' | 'instant';
  /** Who wrote the value: whoever runs this gateway, the caller, or the model. */
  readonly by: 'gateway' | 'caller' | 'model';
}

export interface Display {
  readonly version: number;
  readonly lines: readonly DisplayLine[];
  /** SHA-256, hexadecimal. */
  readonly hash: string;
}

export function renderAction(document: ActionDocument): Display {
  const lines = [...linesOf(document)];
  const whole = { lines, version: DISPLAY_VERSION, what: 'proviso display v1' };
  const hashed = hash('sha256', canonicalJson(whole as object as JsonObject), 'hex');
  return { version: DISPLAY_VERSION, lines, hash: hashed };
}

function* linesOf(document: ActionDocument): Generator<DisplayLine> {
  const { caller, purpose } = document;
  if (document.kind === 'tool_call') {
    const { tool, model } = document;
    yield text('tool', tool.name, 'model');
    if (tool.server !== undefined) yield text('tool server', tool.server, 'gateway');
    for (const name of tool.classes) yield text('tool class', name, 'gateway');
    yield* valueLines('arguments', document.arguments, 'model');
    if (model !== null) yield text('model', model, 'gateway');
    yield text('tool definition', tool.definition ?? 'none was given', 'gateway');
  } else {
    yield text('operation', document.operation, 'caller');
    for (const target of document.targets) yield text('model', target, 'gateway');
    yield* valueLines('request', document.request, 'caller');
  }
  yield text('caller', caller.id, 'gateway');
  yield text('owner', caller.owner, 'gateway');
  yield text('organisation', caller.organisation, 'gateway');
  if (caller.partner !== undefined) yield text('on behalf of', caller.partner, 'gateway');
  for (const team of caller.teams) yield text('team', team, 'gateway');
  yield text('purpose', purpose?.id ?? 'none', 'gateway');
  if (purpose) yield text('authority', purpose.authority, 'gateway');
  for (const name of document.asks) yield text('asks for', name, 'gateway');
  yield text('terms', document.terms, 'gateway');
  const expiresAt = new Date(document.expiresAt).toISOString();
  yield { label: 'can be signed until', value: expiresAt, kind: 'instant', by: 'gateway' };
}

function* valueLines(
  label: string,
  value: JsonValue,
  by: DisplayLine['by'],
): Generator<DisplayLine> {
  if (typeof value === 'string') yield text(label, value, by);
  else if (typeof value === 'number') yield { label, value: String(value), kind: 'number', by };
  else if (typeof value === 'boolean') yield { label, value: String(value), kind: 'boolean', by };
  else if (isObject(value)) {
    const keys = Object.keys(value).sort();
    if (keys.length === 0) yield { label, value: '{}', kind: 'empty', by };
    for (const key of keys) {
      const name = /^[A-Za-z_][A-Za-z0-9_]*$/.test(key) ? `.${key}` : `["${visible(key)}"]`;
      yield* valueLines(label + name, value[key] as JsonValue, by);
    }
  } else if (Array.isArray(value)) {
    if (value.length === 0) yield { label, value: '[]', kind: 'empty', by };
    for (const [i, item] of (value as readonly JsonValue[]).entries()) {
      yield* valueLines(`${label}[${i}]`, item, by);
    }
  } else yield { label, value: 'null', kind: 'null', by };
}

function text(label: string, value: string, by: DisplayLine['by']): DisplayLine {
  if (value === '') return { label, value: '""', kind: 'empty', by };
  return { label, value: visible(value), kind: 'text', by };
}

/** Controls, formats, private and unassigned characters, odd spaces, and our own brackets. */
const UNSEEN =
  /[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Zl}\p{Zp}\p{Variation_Selector}\p{Default_Ignorable_Code_Point}⟨⟩]|(?! )\p{Zs}|^ | $| (?= )|^\p{M}/gu;
const WORD = /[\p{L}\p{N}\p{M}]+/gu;

/** The text with nothing in it that a reader cannot see, or would take for something else. */
export function visible(value: string): string {
  return value
    .replace(UNSEEN, codePoint)
    .replace(WORD, (word) => (looksLatin(word) ? word.replace(/[^\x00-\x7f]/gu, named) : word));
}

/** A word of Latin letters and of others that pass for them, such as `pаy` with a Cyrillic а. */
function looksLatin(word: string): boolean {
  if (/^[\x00-\x7f]*$/.test(word)) return false;
  return [...word.normalize('NFD').replace(/\p{M}/gu, '')].every(
    (letter) => letter < '\x7f' || /\p{Script=Latin}/u.test(letter) || LOOKALIKES.has(letter),
  );
}

function named(letter: string): string {
  return LOOKALIKES.has(letter) ? letter + codePoint(letter) : letter;
}

function codePoint(character: string): string {
  return `⟨U+${character.codePointAt(0)?.toString(16).toUpperCase().padStart(4, '0')}⟩`;
}

/** Characters beyond ASCII that look like one of ASCII (Unicode UTS 39). */
const LOOKALIKES: ReadonlySet<string> = new Set(
  Object.entries(confusables)
    .filter(([from, to]) => from > '\x7f' && /^[\x21-\x7e]$/.test(to))
    .map(([from]) => from),
);
