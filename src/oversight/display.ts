/**
 * What a person is shown of an action: made from the action alone, whole, with nothing folded, and
 * with each character that cannot be seen, or that passes for another, written out. Beside it, what
 * is different from the last action like it. docs/spec/oversight.md#the-display
 *
 * The hash covers all of it, so a signature names what was given to be shown. A change here that
 * changes any of it is another version.
 */
import { hash } from 'node:crypto';
import { canonicalJson, isObject, type JsonObject, type JsonValue } from '#base/json.ts';
import { type ActionDocument, actionHash } from './action.ts';
import { type Place, placesIn, unitIn } from './places.ts';
import { memberLabel, visible } from './visible.ts';

export const DISPLAY_VERSION = 1;

export interface DisplayLine {
  /** Where in the action: `tool`, `arguments.target.name`, `arguments.points[2]`. */
  readonly label: string;
  readonly value: string;
  readonly kind: 'text' | 'number' | 'boolean' | 'null' | 'empty' | 'instant';
  /** Who wrote the value: whoever runs this gateway, the caller, or the model. */
  readonly by: 'gateway' | 'caller' | 'model';
  /** Of a number, as the name of its member says it. */
  readonly unit?: string | undefined;
  /** What stood there in the last similar action, if something else did. */
  readonly before?: string | undefined;
  /** Nothing stood there in the last similar action. */
  readonly isNew?: true | undefined;
}

export interface Display {
  readonly version: number;
  readonly lines: readonly DisplayLine[];
  /** For a plot beside the lines, in which they stand too. */
  readonly places: readonly Place[];
  /** With what the lines were compared; null where there was nothing like it. */
  readonly compared: Compared | null;
  /** SHA-256, hexadecimal. */
  readonly hash: string;
}

export interface Compared {
  /** The hash of the last similar action. */
  readonly action: string;
  /** Its lines for which there are none now. */
  readonly gone: readonly { readonly label: string; readonly value: string }[];
}

/** @param similar the last similar action, where there was one */
export function renderAction(document: ActionDocument, similar?: ActionDocument): Display {
  const now = [...linesOf(document)];
  const before = similar && [...linesOf(similar)];
  const shown = {
    version: DISPLAY_VERSION,
    lines: before ? comparedLines(now, before) : now,
    places: placesOf(document),
    compared: similar && before ? { action: actionHash(similar), gone: gone(now, before) } : null,
  };
  const whole = { ...shown, what: 'proviso display v1' };
  const written = JSON.parse(JSON.stringify(whole)) as JsonObject;
  return { ...shown, hash: hash('sha256', canonicalJson(written), 'hex') };
}

function placesOf(document: ActionDocument): readonly Place[] {
  return document.kind === 'tool_call'
    ? placesIn(document.arguments, 'arguments')
    : placesIn(document.request, 'request');
}

/** Differs each time, and says nothing. */
const UNCOMPARED: ReadonlySet<string> = new Set(['can be signed until']);

function comparedLines(
  now: readonly DisplayLine[],
  before: readonly DisplayLine[],
): readonly DisplayLine[] {
  const known = byPlace(before);
  return [...byPlace(now)].map(([place, line]): DisplayLine => {
    if (UNCOMPARED.has(line.label)) return line;
    const earlier = known.get(place);
    if (!earlier) return { ...line, isNew: true };
    const isSame = earlier.value === line.value && earlier.kind === line.kind;
    return isSame ? line : { ...line, before: earlier.value };
  });
}

function gone(now: readonly DisplayLine[], before: readonly DisplayLine[]): Compared['gone'] {
  const known = byPlace(now);
  return [...byPlace(before)]
    .filter(([place]) => !known.has(place))
    .map(([, { label, value }]) => ({ label, value }));
}

/** Lines by their label, and by how often it stood before: a caller is in several teams. */
function byPlace(lines: readonly DisplayLine[]): ReadonlyMap<string, DisplayLine> {
  const counts = new Map<string, number>();
  return new Map(
    lines.map((line) => {
      const count = counts.get(line.label) ?? 0;
      counts.set(line.label, count + 1);
      return [`${count} ${line.label}`, line];
    }),
  );
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

/** @param name of the member that has the value, which may say its unit */
function* valueLines(
  label: string,
  value: JsonValue,
  by: DisplayLine['by'],
  name = '',
): Generator<DisplayLine> {
  if (typeof value === 'string') yield text(label, value, by);
  else if (typeof value === 'number') {
    const unit = unitIn(name);
    yield { label, value: String(value), kind: 'number', by, ...(unit && { unit }) };
  } else if (typeof value === 'boolean') yield { label, value: String(value), kind: 'boolean', by };
  else if (isObject(value)) {
    const keys = Object.keys(value).sort();
    if (keys.length === 0) yield { label, value: '{}', kind: 'empty', by };
    for (const key of keys) {
      yield* valueLines(memberLabel(label, key), value[key] as JsonValue, by, key);
    }
  } else if (Array.isArray(value)) {
    if (value.length === 0) yield { label, value: '[]', kind: 'empty', by };
    for (const [i, item] of (value as readonly JsonValue[]).entries()) {
      yield* valueLines(`${label}[${i}]`, item, by, name);
    }
  } else yield { label, value: 'null', kind: 'null', by };
}

function text(label: string, value: string, by: DisplayLine['by']): DisplayLine {
  if (value === '') return { label, value: '""', kind: 'empty', by };
  return { label, value: visible(value), kind: 'text', by };
}
