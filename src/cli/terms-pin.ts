/** `proviso terms pin`: after an edit of text.md, where each clause is now, and what it says. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { ProvisoError } from '#base/errors.ts';
import { type Pack, parsePack, readPackFiles } from '#terms/pack.ts';
import { type ByteSpan, type PinnedClause, pinClauses } from '#terms/pin.ts';
import { type GroundedRule, rulesOf } from '#terms/redline/ground.ts';
import { spanIn } from '#terms/redline/place.ts';
import { type Redline, redline } from '#terms/redline/redline.ts';
import { agreedWording } from './agreed-wording.ts';
import { list } from './arguments.ts';
import { examples, type JsonOption, run, withJson } from './command.ts';
import { EXIT, type ExitCode } from './exit.ts';
import type { Output } from './output.ts';
import { printPassages, printWrapped } from './redline-words.ts';

interface PinOptions extends JsonOption {
  readonly from?: string;
  readonly dryRun?: boolean;
  readonly add: readonly string[];
}

export function definePin(command: Command): void {
  examples(
    withJson(command.command('pin').argument('<pack>', 'the folder of a terms pack'))
      .option('--from <old>', 'the wording before; without it, what git keeps is tried')
      .option('--add <ids>', 'new clauses, each named like its heading', list, [])
      .option('--dry-run', 'say it, and change nothing')
      .summary('point the clauses at the words that text.md has now')
      .description(
        'After an edit of text.md, sets the bytes and hashes of the clauses in terms.yaml\n' +
          'anew, and shows each clause whose words changed and the rules that stand on it.\n' +
          'Comments and order stay as they are. Where a clause is not found again beyond\n' +
          'doubt, nothing is changed, and it exits with 2.',
      )
      .action((dir: string, options: PinOptions) =>
        run(options, (output) => pin(dir, options, output)),
      ),
    ['proviso terms pin my-terms', 'proviso terms pin my-terms --from old-text.md --dry-run'],
  );
}

function pin(dir: string, { from, dryRun, add }: PinOptions, output: Output): ExitCode {
  const contents = new Map(readFiles(dir));
  const file = (path: string) => ({ path, text: Buffer.from(contents.get(path) ?? '').toString() });
  const [yaml, { text }] = [file('terms.yaml'), file('text.md')];
  const agreed = agreedWording(dir, yaml, from);
  try {
    const pinned = pinClauses({ yaml, text, agreed, added: add, dir });
    // With the new spans the pack is valid, or what else is wrong is mended first.
    const pack = parsePack(contents.set('terms.yaml', Buffer.from(pinned.yaml)), dir);
    const isChanged = pinned.yaml !== yaml.text;
    if (isChanged && !dryRun) writeFileSync(join(dir, 'terms.yaml'), pinned.yaml);
    const file = join(dir, 'text.md');
    const words =
      agreed === undefined ? undefined : redline({ file, text: agreed }, { file, text });
    show(pinned.clauses, pack, words, isChanged && !dryRun, output);
    return EXIT.yes;
  } catch (thrown) {
    const problems = thrown instanceof ProvisoError ? thrown.facts['problems'] : undefined;
    if (!Array.isArray(problems)) throw thrown;
    output.result({ pinned: false, problems }, () => {
      for (const problem of problems) output.print(problem);
      output.print(output.style('bad', 'nothing was changed'));
    });
    return EXIT.no;
  }
}

function readFiles(dir: string): ReturnType<typeof readPackFiles> {
  if (existsSync(dir)) return readPackFiles(dir);
  throw new ProvisoError('usage_invalid', `There is no folder \`${dir}\`.`, { at: dir });
}

function show(
  clauses: readonly PinnedClause[],
  pack: Pack,
  words: Redline | undefined,
  isWritten: boolean,
  output: Output,
): void {
  const told = clauses.map((clause) => ({
    clause: clause.id,
    result: clause.result,
    from: clause.from,
    to: clause.to,
    sha256: clause.sha256,
    rules: rulesOf(pack, clause.id),
  }));
  output.result({ pinned: isWritten, hash: pack.hash, clauses: told }, () => {
    for (const { clause, result, from, to, rules } of told) {
      if (result === 'same') continue;
      const style = result === 'moved' ? 'dim' : 'warn';
      const was = from ? `${from.start}–${from.end} → ` : '';
      const bytes = output.style('dim', `${was}${to.start}–${to.end}`);
      output.print(`${output.style(style, result.padEnd(8))}  ${clause}  ${bytes}`);
      if (result === 'moved') continue;
      const { title = '', words: now = '' } = pack.clauses.get(clause) ?? {};
      if (words && from) showWords(words, from, to, output);
      else printWrapped('', `${title}: ${now}`, output);
      showRules(rules, output);
      output.print();
    }
    if (!words && told.some(({ result }) => result === 'reworded')) {
      output.print(
        'The words before are not at hand: give them with `--from` to see what changed.',
      );
    }
    const changed = told.filter(({ result }) => result !== 'same').length;
    if (changed === 0) output.print(output.style('good', 'every clause is where it was'));
    else if (!isWritten) output.print(output.style('warn', 'nothing was changed'));
    else output.print(output.style('good', `terms.yaml has the new place of ${changed} clauses`));
  });
}

function showWords(words: Redline, from: ByteSpan, to: ByteSpan, output: Output): void {
  const passages = words.clauses
    .flatMap((clause) => clause.passages)
    .filter(({ old, new: now }) => {
      const { block } = now ?? old ?? {};
      if (!block) return false;
      const at = spanIn(now ? words.new : words.old, block.start, block.end);
      const clause = now ? to : from;
      return at.start >= clause.start && at.start < clause.end;
    });
  printPassages(passages, words, output);
}

function showRules(rules: readonly GroundedRule[], output: Output): void {
  if (rules.length === 0) output.print('        no rule stands on it');
  for (const { id, kind } of rules) output.print(`        ${kind} ${id}: does it still say this?`);
}
