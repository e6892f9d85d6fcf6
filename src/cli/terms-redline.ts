/** `proviso terms redline`: what changed in the wording, and which rules stand on it. */
import { readFileSync, statSync } from 'node:fs';
import type { Command } from 'commander';
import { ProvisoError } from '#base/errors.ts';
import { parsePack, readPackFiles } from '#terms/pack.ts';
import { type GroundChange, groundChanges } from '#terms/redline/ground.ts';
import { HINT_KINDS } from '#terms/redline/hint-kinds.ts';
import type { Hint } from '#terms/redline/hints.ts';
import type { Edit, Passage } from '#terms/redline/passages.ts';
import { type Span, spanIn } from '#terms/redline/place.ts';
import { type Change, isSame, type Redline, redline } from '#terms/redline/redline.ts';
import { lineOf } from '#terms/redline/words.ts';
import { examples, type JsonOption, run, withJson } from './command.ts';
import { EXIT, type ExitCode } from './exit.ts';
import type { Output } from './output.ts';
import { printClauses } from './redline-words.ts';

interface RedlineOptions extends JsonOption {
  readonly pack?: string;
}

export function defineRedline(command: Command): void {
  examples(
    withJson(
      command
        .command('redline')
        .argument('<old>', 'the wording as it was, in Markdown')
        .argument('<new>', 'the wording as it is to be')
        .option('--pack <pack>', 'the terms pack whose clauses point into the old wording'),
    )
      .summary('what changed in the wording, and which rules stand on it?')
      .description(
        'Compares two texts word by word and clause by clause. Line breaks, emphasis,\n' +
          'bullets and kinds of quotes are no difference; dates, link targets and the\n' +
          'numbers of headings are told apart from the words. Points at language that\n' +
          'gives discretion back, as hints to a reader and not as legal effect.\n' +
          'Exits with 0 where the texts say the same, and 2 where they differ.',
      )
      .action((old: string, now: string, options: RedlineOptions) =>
        run(options, (output) => compareFiles(old, now, options, output)),
      ),
    [
      'proviso terms redline text-1.md text-2.md',
      'proviso terms redline examples/terms/restricted-use/text.md new.md \\',
      '  --pack examples/terms/restricted-use',
    ],
  );
}

function compareFiles(
  oldFile: string,
  newFile: string,
  { pack }: RedlineOptions,
  output: Output,
): ExitCode {
  const old = readText(oldFile);
  const found = redline({ file: oldFile, text: old }, { file: newFile, text: readText(newFile) });
  const ground = pack === undefined ? undefined : groundOf(found, pack);
  output.result(document(found, ground), () => show(found, ground, output));
  return isSame(found) ? EXIT.yes : EXIT.no;
}

function readText(path: string): string {
  if (!statSync(path, { throwIfNoEntry: false })?.isFile()) {
    throw new ProvisoError('usage_invalid', `There is no file \`${path}\`.`, { at: path });
  }
  return readFileSync(path, 'utf8');
}

/** The pack may hold the new wording already: its clauses are held to the old. */
function groundOf(found: Redline, dir: string): readonly GroundChange[] {
  const contents = new Map(readPackFiles(dir)).set('text.md', Buffer.from(found.old.text));
  return groundChanges(found, parsePack(contents, dir));
}

function show(found: Redline, ground: readonly GroundChange[] | undefined, output: Output): void {
  showSummary(found, ground, output);
  if (found.clauses.length > 0) {
    output.print();
    output.print(
      output.style('dim', 'On the left, lines of the new text; with a minus, of the old one.'),
    );
    printClauses(found, output);
  }
  showChanges('Dates', found.dates, output);
  showChanges('Links', found.links, output);
  showChanges('Numbers', found.numbers, output);
  if (ground) showGround(ground, output);
  showHints(found.hints, output);
}

function showSummary(
  { old, new: now, counts, clauses, dates, links, numbers, hints }: Redline,
  ground: readonly GroundChange[] | undefined,
  output: Output,
): void {
  const results = ['changed', 'moved', 'new', 'gone'] as const;
  const byResult = results.map(
    (result) => [result, clauses.filter((clause) => clause.result === result).length] as const,
  );
  const standing = (wanted: Hint['standing']): number =>
    hints.filter((hint) => hint.standing === wanted).length;
  const words = tally([
    ['gone', counts.gone],
    ['new', counts.new],
    ['moved', counts.moved],
  ]);
  const rows: (readonly [string, string])[] = [
    ['old', `${old.file}, ${counts.oldWords} words`],
    ['new', `${now.file}, ${counts.newWords} words`],
    ['words', words || 'the same'],
    ['clauses', tally(byResult) || 'the same'],
  ];
  const besides = tally([
    [dates.length === 1 ? 'date' : 'dates', dates.length],
    [links.length === 1 ? 'link' : 'links', links.length],
    [numbers.length === 1 ? 'number' : 'numbers', numbers.length],
  ]);
  if (besides !== '') rows.push(['besides', `${besides}, told below`]);
  if (ground) {
    const rules = new Set(ground.flatMap((change) => change.rules.map(({ id }) => id)));
    const lost = `${rules.size} whose clause changed, moved or is gone`;
    rows.push(['rules', rules.size === 0 ? 'each clause as it was' : lost]);
  }
  const told = tally([
    ['in new wording', standing('new')],
    ['gone', standing('gone')],
    ['stood before', standing('stood')],
  ]);
  rows.push(['hints', told || 'none']);
  output.facts(rows);
}

function tally(counts: readonly (readonly [name: string, count: number])[]): string {
  return counts
    .filter(([, count]) => count > 0)
    .map(([name, count]) => `${count} ${name}`)
    .join(', ');
}

function showChanges(title: string, changes: readonly Change[], output: Output): void {
  if (changes.length === 0) return;
  output.print();
  output.print(output.style('strong', title));
  for (const { words, old, new: now, at } of changes) {
    output.print(`  ${placeOf(at, output)}  ${words}`);
    if (old) output.print(`    was ${output.style('bad', old)}`);
    if (now) output.print(`    is  ${output.style('good', now)}`);
  }
}

function showGround(ground: readonly GroundChange[], output: Output): void {
  if (ground.length === 0) return;
  output.print();
  output.print(output.style('strong', 'Rules whose ground is not what it was'));
  for (const { clause, result, at, rules } of ground) {
    output.print(`  ${placeOf(at, output)}  clause ${clause}: ${output.style('warn', result)}`);
    for (const { id, kind } of rules) output.print(`    ${kind} ${id}`);
    if (rules.length === 0) output.print('    no rule stands on it');
  }
}

function showHints(hints: readonly Hint[], output: Output): void {
  if (hints.length === 0) return;
  output.print();
  output.print(output.style('strong', 'Hints to a reader'));
  output.print(
    output.style('dim', 'Language that can give discretion back. Not a word on legal effect.'),
  );
  const standings = ['new', 'gone', 'stood'] as const;
  const styles = { new: 'warn', gone: 'good', stood: 'dim' } as const;
  for (const [kind, { why }] of Object.entries(HINT_KINDS)) {
    const alike = hints.filter((hint) => hint.kind === kind);
    if (alike.length === 0) continue;
    output.print();
    output.print(`  ${kind}: ${why}`);
    for (const standing of standings) {
      for (const { words, at } of alike.filter((hint) => hint.standing === standing)) {
        const mark = output.style(styles[standing], standing.padEnd(5));
        output.print(`    ${mark}  ${placeOf(at, output)}  ${words}`);
      }
    }
  }
}

function placeOf({ file, line, column }: Span, output: Output): string {
  return output.style('dim', `${file}:${line}:${column}`);
}

function document(found: Redline, ground: readonly GroundChange[] | undefined): unknown {
  const { counts, clauses, dates, links, numbers, hints } = found;
  return {
    same: isSame(found),
    old: found.old.file,
    new: found.new.file,
    words: counts,
    clauses: clauses.map(({ result, title, was, passages }) => ({
      result,
      title,
      ...(was === undefined ? {} : { was }),
      passages: passages.map((passage) => passageJson(passage, found)),
    })),
    dates: dates.map(changeJson),
    links: links.map(changeJson),
    numbers: numbers.map(changeJson),
    ...(ground && { ground }),
    hints,
  };
}

function passageJson({ result, old, new: now, edits }: Passage, found: Redline): unknown {
  return {
    result,
    ...(old && { old: spanIn(found.old, old.block.start, old.block.end) }),
    ...(now && { new: spanIn(found.new, now.block.start, now.block.end) }),
    edits: edits.map(({ op, words, isMoved }: Edit) => ({
      op,
      words: lineOf(words),
      ...(isMoved && { moved: true }),
    })),
  };
}

function changeJson({ words, old, new: now, at }: Change): unknown {
  return { words, ...(old !== undefined && { old }), ...(now !== undefined && { new: now }), at };
}
