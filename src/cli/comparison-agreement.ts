/** The upper part of a comparison page: what was agreed otherwise, whatever the rules decide. */
import type { JsonValue } from '#base/json.ts';
import type { AgreementChange } from '#terms/compare/agreement.ts';
import type { Bound, BoundChange } from '#terms/compare/bounds.ts';
import type { ClauseChange } from '#terms/compare/clauses.ts';
import type { PackComparison } from '#terms/compare/compare-packs.ts';
import { other, type Side } from '#terms/compare/differences.ts';
import type { ToolExample, VocabularyChange } from '#terms/compare/vocabulary.ts';
import type { Pack } from '#terms/pack.ts';
import type { Output } from './output.ts';
import { wrapped } from './wrapped.ts';

/** Two packs, and what each is called beside the other. */
export interface Compared {
  readonly packs: Readonly<Record<Side, Pack>>;
  readonly names: Readonly<Record<Side, string>>;
  readonly output: Output;
}

/** Each with its title first; none of what is the same. */
export function agreementSections(
  { redLines, assurances, agreement, vocabulary, clauses }: PackComparison,
  compared: Compared,
): readonly (readonly string[])[] {
  const section = (title: string, lines: readonly string[]): readonly (readonly string[])[] =>
    lines.length === 0 ? [] : [[compared.output.style('strong', title), ...lines]];
  return [
    ...section(
      'Red lines, which bind every later version',
      boundLines('forbids', redLines, compared),
    ),
    ...section(
      'Assurances, which bind every later version',
      boundLines('promises', assurances, compared),
    ),
    ...section(
      'What else was agreed',
      agreement.map((one) => agreementLine(one, compared)),
    ),
    ...section(
      'Words that rules rest on',
      vocabulary.flatMap((one) => vocabularyLines(one, compared)),
    ),
    ...section('Clauses', clauseLines(clauses, compared)),
  ];
}

function boundLines(
  verb: 'forbids' | 'promises',
  changes: readonly BoundChange[],
  compared: Compared,
): readonly string[] {
  const { names } = compared;
  const alone = SIDES.flatMap((side) => {
    const only = changes.filter(({ change }) => change === `only in the ${side}`);
    const byTitle = Map.groupBy(only, (one) => titleOf(side, one[side], compared));
    return [...byTitle].map(([title, alike]) => {
      const ids = alike.map(({ id }) => id).join(', ');
      const isKept = alike.every((one) => one.isKept === true);
      const kept = isKept ? `; ${names[other(side)]} ${verb} all of it by others` : '';
      return item(`only in ${names[side]}: ${title} (${ids}${liftedBy(alike, side)})${kept}`);
    });
  });
  const changed = changes
    .filter(({ first, second }) => first && second)
    .map((one) => item(changedWords(verb, one, compared)));
  return [...alone, ...changed];
}

const SIDES: readonly Side[] = ['first', 'second'];

function changedWords(
  verb: 'forbids' | 'promises',
  { id, change, first, second, example }: BoundChange,
  { names }: Compared,
): string {
  const approval = ({ hold }: Bound): string => (hold === undefined ? 'none' : `\`${hold}\``);
  const lifted =
    first && second && first.hold !== second.hold
      ? ` The approval that lifts it was ${approval(first)} and is ${approval(second)}.`
      : '';
  const now = names.second;
  const shown = example ? `: ${example.sentence}` : '.';
  const words: Readonly<Record<string, string>> = {
    'wider in the second': `\`${id}\` ${verb} more in ${now}, such as this${shown}`,
    'narrower in the second': `\`${id}\` ${verb} less in ${now}, and no longer this${shown}`,
    'other in the second': `\`${id}\` ${verb} something else in ${now}, and no longer this${shown}`,
    'written otherwise': `\`${id}\` is written otherwise in ${now}, and ${verb} the same.`,
    unknown: `\`${id}\` is written otherwise in ${now}; whether it ${verb} the same could not be proven.`,
  };
  return `${words[change] ?? ''}${lifted}`;
}

function titleOf(side: Side, bound: Bound | undefined, { packs }: Compared): string {
  const clause = bound?.clause ?? '';
  return `“${packs[side].clauses.get(clause)?.title ?? clause}”`;
}

function liftedBy(changes: readonly BoundChange[], side: Side): string {
  const approvals = new Set(changes.flatMap((one) => one[side]?.hold ?? []));
  return approvals.size === 0 ? '' : `, lifted by the approval ${named([...approvals])}`;
}

function agreementLine({ at, first, second }: AgreementChange, { names }: Compared): string {
  const [section = '', ...rest] = at.split(' ');
  const noun = SINGULAR[section] ?? section;
  const place =
    rest.length === 0 ? section : `the ${noun} ${rest.map((n) => `\`${n}\``).join(', ')}`;
  const values = { first, second };
  const having = SIDES.filter((side) => {
    const value = values[side];
    return value !== undefined && !(Array.isArray(value) && value.length === 0);
  });
  const isTime = /^approvals \S+ (?:within|validFor)$/.test(at);
  const said = having.map((side) => {
    const value = values[side] ?? null;
    return isTime ? durationWords(Number(value)) : valueWords(value);
  });
  if (having.length === 2) {
    return item(`${place}: ${said[0]} in ${names.first}, ${said[1]} in ${names.second}`);
  }
  return item(`only in ${having.map((side) => names[side]).join('')}: ${place}: ${said.join('')}`);
}

const SINGULAR: Readonly<Record<string, string>> = { approvals: 'approval', parties: 'party' };

/** As terms.yaml has it. */
function durationWords(ms: number): string {
  const units = [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['m', 60_000],
    ['s', 1_000],
  ] as const;
  let left = ms;
  const parts = units.map(([unit, unitMs]) => {
    const count = Math.floor(left / unitMs);
    left -= count * unitMs;
    return count === 0 ? '' : `${count}${unit}`;
  });
  return parts.join('');
}

/** What it means, where that is said. */
function valueWords(value: JsonValue): string {
  if (typeof value === 'string') return `“${value}”`;
  if (typeof value !== 'object' || value === null) return String(value);
  if (Array.isArray(value)) return joined(value.map(valueWords));
  const { meaning, name } = value as Readonly<Record<string, JsonValue>>;
  const words = meaning ?? name;
  return typeof words === 'string' ? `“${words}”` : JSON.stringify(value);
}

function vocabularyLines(change: VocabularyChange, { packs, names }: Compared): readonly string[] {
  const { kind, name, words, rules, examples } = change;
  const isIn = (side: Side): boolean =>
    kind === 'topic' ? Object.hasOwn(packs[side].topics, name) : packs[side].toolClasses.has(name);
  const only = SIDES.find((side) => isIn(side) && !isIn(other(side)));
  const ruleIds = [...new Set([...rules.first, ...rules.second])];
  const rest = ruleIds.length === 0 ? 'no rule looks at it' : `looked at by ${some(ruleIds)}`;
  if (only) return [item(`only ${names[only]} has the ${kind} \`${name}\`, ${rest}`)];
  const said = SIDES.filter((side) => words[side].length > 0).map(
    (side) => `only ${names[side]} has ${some(words[side].map((word) => `\`${word}\``))}`,
  );
  return [
    item(`the ${kind} \`${name}\`, ${rest}: ${said.join('; ')}`),
    ...toolLines(name, examples, names),
  ];
}

/** Tools that only one of the two sees in the class, those that fare alike in one line. */
function toolLines(
  name: string,
  examples: readonly ToolExample[],
  names: Compared['names'],
): readonly string[] {
  const alike = Map.groupBy(examples, ({ first, second }) => {
    const inside = first.classes.includes(name) ? names.first : names.second;
    const fares =
      first.effect === undefined || second.effect === undefined || first.effect === second.effect
        ? ''
        : `; ${names.first} ${EFFECTS[first.effect]}, ${names.second} ${EFFECTS[second.effect]}`;
    return `in it in ${inside} only${fares}`;
  });
  return [...alike].map(([words, group]) => {
    const tools = some(group.map(({ tool }) => `\`${tool}\``));
    return wrapped(`a tool by the name of ${tools} is ${words}`, '      ', '    · ');
  });
}

const EFFECTS = {
  permit: 'permits it',
  hold: 'lets it wait for an approval',
  deny: 'denies it',
} as const;

function clauseLines(changes: readonly ClauseChange[], { names }: Compared): readonly string[] {
  const titles = (of: ClauseChange['change']): readonly string[] =>
    changes.filter(({ change }) => change === of).map(({ title }) => `“${title}”`);
  const alone = SIDES.flatMap((side) => {
    const only = titles(`only in the ${side}`);
    return only.length === 0 ? [] : [item(`only in ${names[side]}: ${joined(only)}`)];
  });
  const changed = changes.flatMap(({ id, change, title, to, rules }) => {
    if (change === 'renamed')
      return [item(`“${title}” (${id}) is called ${to} in ${names.second}`)];
    if (change !== 'reworded') return [];
    const rest = rules.length === 0 ? 'no rule rests on it' : `under ${some(rules)}`;
    return [item(`“${title}” (${id}) is worded otherwise, ${rest}`)];
  });
  return [...alone, ...changed];
}

function item(text: string): string {
  return wrapped(text, '    ', '  · ');
}

function named(names: readonly string[]): string {
  return joined(names.map((name) => `\`${name}\``));
}

/** The first of many. */
function some(words: readonly string[]): string {
  const shown = words.slice(0, SHOWN_MAX);
  const more = words.length - shown.length;
  return more > 0 ? `${shown.join(', ')} and ${more} more` : joined(shown);
}

const SHOWN_MAX = 3;

export function joined(words: readonly string[]): string {
  return new Intl.ListFormat('en-GB').format(words);
}
