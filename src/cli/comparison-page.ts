/**
 * A comparison of two packs as a page for those who negotiate them: in how far they differ, what was
 * agreed otherwise, and then clause by clause what is decided otherwise, with examples.
 */
import type { PackComparison } from '#terms/compare/compare-packs.ts';
import { other, type Side } from '#terms/compare/differences.ts';
import type { Difference, Example } from '#terms/compare/examples.ts';
import type { Pack } from '#terms/pack.ts';
import type { EnvironmentName } from '#terms/prove/analyze.ts';
import { agreementSections, type Compared, joined } from './comparison-agreement.ts';
import type { Output } from './output.ts';
import { wrapped } from './wrapped.ts';

export function printComparison(
  packs: Readonly<Record<Side, Pack>>,
  comparison: PackComparison,
  output: Output,
): void {
  const compared = { packs, names: namesOf(packs), output };
  output.print(wrapped(output.style('strong', headline(comparison, compared.names))));
  const beside = besideWords(comparison);
  if (beside !== undefined) output.print(wrapped(beside));
  for (const lines of agreementSections(comparison, compared)) printSection(lines, output);
  for (const side of SIDES) {
    printSection(differenceLines(side, comparison.differences, compared), output);
  }
  printSection(heldBackLines(comparison.heldBack, compared), output);
  const unknown = comparison.unknown.map(({ environment, reason }) =>
    wrapped(`${kindWords(environment)}: ${reason}`, '    ', '  · '),
  );
  if (unknown.length > 0) {
    const title = output.style('warn', 'What could not be proven either way');
    printSection([title, ...new Set(unknown)], output);
  }
}

const SIDES: readonly Side[] = ['first', 'second'];

function printSection(lines: readonly string[], output: Output): void {
  if (lines.length === 0) return;
  output.print();
  for (const line of lines) output.print(line);
}

/** The id, and the version where the ids are the same. */
function namesOf({ first, second }: Compared['packs']): Compared['names'] {
  if (first.id !== second.id) return { first: first.id, second: second.id };
  if (first.version === second.version) {
    return { first: `the first ${first.id}`, second: `the second ${second.id}` };
  }
  return { first: `${first.id} ${first.version}`, second: `${second.id} ${second.version}` };
}

function headline({ verdict, differences }: PackComparison, names: Compared['names']): string {
  const { first, second } = names;
  if (verdict === 'equivalent') {
    return `${first} and ${second} are equivalent: every call is decided alike, and all else is agreed alike.`;
  }
  const rest =
    verdict === 'differ'
      ? 'All other calls are decided alike, which is proven.'
      : 'That all other calls are decided alike could not be proven.';
  const freer = SIDES.filter((side) => differences.some((one) => one.freer === side));
  const [side] = freer;
  if (side === undefined) {
    return verdict === 'differ'
      ? `${first} and ${second} decide every call alike, which is proven; what else is not the same is below.`
      : `No call was found that ${first} and ${second} decide otherwise, but that there is none could not be proven.`;
  }
  const clauses = (freer: Side): string => {
    const of = differences.filter((one) => one.freer === freer);
    return count(new Set(of.map(({ clause }) => clause.id)).size, 'clause');
  };
  if (freer.length === 1) {
    return `${names[side]} allows all that ${names[other(side)]} allows, and more under ${clauses(side)}. ${rest}`;
  }
  return `Neither allows all that the other allows: ${first} allows more under ${clauses('first')}, ${second} under ${clauses('second')}. ${rest}`;
}

/** What a count of clauses does not say, which stands before them on the page. */
function besideWords({
  redLines,
  assurances,
  agreement,
  vocabulary,
  clauses,
  heldBack,
}: PackComparison): string | undefined {
  const kinds = [
    ...(redLines.length > 0 ? ['red lines'] : []),
    ...(assurances.length > 0 ? ['assurances'] : []),
    ...new Set(agreement.map(({ at }) => at.split(' ')[0] ?? at)),
    ...new Set(vocabulary.map(({ kind }) => (kind === 'topic' ? 'topics' : 'tool classes'))),
    ...(clauses.length > 0 ? ['clauses'] : []),
    ...(heldBack.length > 0 ? ['rules that only red lines hold back'] : []),
  ];
  if (kinds.length === 0) return undefined;
  const words = `Not the same either: ${joined(kinds)}.`;
  return vocabulary.length === 0
    ? words
    : `${words} Where a class or a topic means something else, so does each rule that looks at it.`;
}

function differenceLines(
  freer: Side,
  differences: readonly Difference[],
  compared: Compared,
): readonly string[] {
  const { names, output } = compared;
  const found = differences.filter((one) => one.freer === freer);
  if (found.length === 0) return [];
  const byClause = [...Map.groupBy(found, ({ of, clause }) => `${of} ${clause.id}`).values()];
  const title = `Where ${names[freer]} allows more than ${names[other(freer)]}`;
  return [
    output.style('strong', title),
    ...byClause.flatMap((alike, i) => clauseLines(alike, i + 1, compared)),
  ];
}

function heldBackLines(differences: readonly Difference[], compared: Compared): readonly string[] {
  if (differences.length === 0) return [];
  const byClause = [...Map.groupBy(differences, ({ of, clause }) => `${of} ${clause.id}`).values()];
  return [
    compared.output.style('strong', 'Where only red lines keep the rules from deciding otherwise'),
    'By the rules alone; a red line forbids it all the same.',
    ...byClause.flatMap((alike, i) => clauseLines(alike, i + 1, compared)),
  ];
}

function clauseLines(
  differences: readonly Difference[],
  number: number,
  { packs, names, output }: Compared,
): readonly string[] {
  const [difference] = differences;
  if (!difference) return [];
  const { clause, of } = difference;
  const where = output.style('dim', `clause ${clause.id} of ${names[of]}`);
  return [
    '',
    `${`${number}.`.padEnd(3)}${output.style('strong', clause.title)}  ${where}`,
    ...quoted(packs[of], clause.id).map((paragraph) => wrapped(paragraph, '   │ ')),
    ...differences.flatMap((one) => [
      '',
      wrapped(output.style('warn', `${effectWords(one, names)}:`), '   '),
      ...one.examples.flatMap((example) => exampleLines(example, output)),
    ]),
  ];
}

/** The words of a clause, in the paragraphs and items in which they were agreed. */
function quoted({ manifest, files }: Pack, id: string): readonly string[] {
  const { start = 0, end = 0 } = manifest.clauses.find((clause) => clause.id === id) ?? {};
  const bytes = Buffer.from(files.get('text.md')?.text ?? '').subarray(start, end);
  const [, words = ''] = /^\s*(?:#[^\n]*\n)?([^]*)$/.exec(bytes.toString()) ?? [];
  return words
    .trim()
    .split(/\n\s*\n|\n(?=\s*(?:[-*+]|\d+\.)\s)/)
    .map((paragraph) => paragraph.trim().replace(/\s+/g, ' '));
}

function effectWords({ freer, effects, reason, approvals }: Difference, names: Compared['names']) {
  const strict = other(freer);
  const by = approvals.map((name) => `\`${name}\``).join(' or ');
  const less =
    effects[strict] === 'hold'
      ? `${names[strict]} waits for the approval ${by}`
      : `${names[strict]} ${DENIES[reason]}`;
  const more = effects[freer] === 'hold' ? 'permits with an approval' : 'permits';
  return `${less} where ${names[freer]} ${more}`;
}

const DENIES: Readonly<Record<Difference['reason'], string>> = {
  forbids: 'denies',
  'does not permit': 'has no rule that permits, so denies,',
  errs: 'has a rule that cannot be evaluated, so denies,',
  'does not know': 'knows no such calls, so denies,',
};

function exampleLines(
  { sentence, environments, rules }: Example,
  output: Output,
): readonly string[] {
  const [, ...others] = environments.map(kindWords);
  const likewise = others.length === 0 ? '' : ` Likewise for ${joined(others)}.`;
  return [
    wrapped(`${sentence}${likewise}`, '     ', '   · '),
    wrapped(output.style('dim', `by ${rules.join(', ')}`), '     '),
  ];
}

function kindWords({ action, resource }: EnvironmentName): string {
  return KINDS[action] ?? `\`${action}\` of ${resource}`;
}

const KINDS: Readonly<Record<string, string>> = {
  generate: 'questions',
  callTool: 'tool calls',
  embed: 'embeddings',
  countTokens: 'token counts',
};

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
