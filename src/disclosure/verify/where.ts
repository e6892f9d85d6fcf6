/**
 * Filters: which entries a disclosure is about (docs/spec/disclosure.md, "Filters"). The one who
 * discloses and the one who verifies ask the same question with this.
 */
import { ProvisoError } from '#base/errors.ts';
import { isObject, type JsonObject, type JsonValue } from '#base/exact-json.ts';

/** `unknown` where the answer rests on a private value that is not shown. */
export type Match = 'yes' | 'no' | 'unknown';

export interface Filter {
  readonly name: string;
  readonly value: string;
}

/** What a filter looks at. */
export interface Filtered {
  readonly kind: string;
  readonly public: JsonObject;
  /** By name; those that are known. */
  readonly private: ReadonlyMap<string, JsonValue>;
}

type Values = (entry: Filtered) => readonly string[] | 'unknown';

const FACTS = ['action', 'code', 'effect', 'outcome', 'protocol', 'purpose', 'terms'] as const;

const VALUES: ReadonlyMap<string, Values> = new Map<string, Values>([
  ['kind', ({ kind }) => [kind]],
  ...FACTS.map((name) => [name, (entry: Filtered) => texts(entry.public[name])] as const),
  ['rule', ({ public: { rules } }) => texts(rules)],
  ['toolClass', ({ public: { toolClass } }) => texts(toolClass).flatMap((all) => all.split(' '))],
  ['provider', (entry) => targetsOf(entry).map(({ provider }) => provider)],
  ['model', (entry) => targetsOf(entry).map(({ model }) => model)],
  ['caller', callerOf],
]);

export const FILTER_NAMES: readonly string[] = [...VALUES.keys()];

/** The private value that a filter looks at, if it looks at one. */
export function privateFieldOf({ name }: Filter): string | undefined {
  return name === 'caller' ? 'caller' : undefined;
}

/**
 * @param text such as `kind=decision,effect=deny`
 * @throws ProvisoError `usage_invalid`
 */
export function parseWhere(text: string): readonly Filter[] {
  return text.split(',').map((part) => {
    const split = part.indexOf('=');
    const name = part.slice(0, Math.max(split, 0)).trim();
    const value = part.slice(split + 1).trim();
    if (split < 0 || value === '' || !VALUES.has(name)) {
      const known = FILTER_NAMES.map((one) => `\`${one}\``).join(', ');
      throw new ProvisoError(
        'usage_invalid',
        `\`${part}\` is no filter: write \`name=value\`, where the name is one of ${known}.`,
        { at: part },
      );
    }
    return { name, value };
  });
}

/** Do all of the filters match? */
export function matches(entry: Filtered, filters: readonly Filter[]): Match {
  let match: Match = 'yes';
  for (const { name, value } of filters) {
    const values = VALUES.get(name)?.(entry) ?? [];
    if (values === 'unknown') match = 'unknown';
    else if (!values.includes(value)) return 'no';
  }
  return match;
}

function callerOf({ kind, private: values }: Filtered): readonly string[] | 'unknown' {
  if (kind !== 'decision') return [];
  const caller = values.get('caller');
  return caller === undefined ? 'unknown' : texts(isObject(caller) ? caller['id'] : caller);
}

interface Target {
  readonly provider: string;
  readonly model: string;
}

/** Of a decision the targets that it covers, of an outcome the attempts that were made. */
function targetsOf({ public: { targets, attempts } }: Filtered): readonly Target[] {
  const covered = texts(targets).map((target) => {
    const split = target.indexOf('/');
    return { provider: target.slice(0, split), model: target.slice(split + 1) };
  });
  const tried = (Array.isArray(attempts) ? (attempts as readonly JsonValue[]) : [])
    .filter(isObject)
    .map(({ provider, model }) => ({ provider: word(provider), model: word(model) }));
  return [...covered, ...tried];
}

function word(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : '';
}

function texts(value: JsonValue | undefined): readonly string[] {
  if (typeof value === 'string') return [value];
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}
