/** `proviso terms compare`: what one pack permits that another does not, as a page and as data. */
import type { Command } from 'commander';
import { comparePacks } from '#terms/compare/compare-packs.ts';
import type { Pack } from '#terms/pack.ts';
import { examples, type JsonOption, run, withJson } from './command.ts';
import { printComparison } from './comparison-page.ts';
import { EXIT, type ExitCode } from './exit.ts';
import type { Output } from './output.ts';
import { withProgress } from './progress.ts';
import { type ProverOptions, withProver, withSolver } from './prover-options.ts';

interface CompareOptions extends JsonOption, ProverOptions {}

/** @param readPack tells what is wrong with a pack itself, and then gives none */
export function defineCompare(
  command: Command,
  readPack: (dir: string, output: Output) => Pack | undefined,
): void {
  examples(
    withJson(
      withProver(
        command
          .command('compare')
          .argument('<first>', 'the folder of a terms pack')
          .argument('<second>', 'the folder of another, or of another version'),
      ),
    )
      .summary('what does each of two packs permit that the other does not?')
      .description(
        'Says what changed in what was agreed, red lines and assurances first, and then, clause by\n' +
          'clause, which calls one of the two permits, holds for an approval or denies and the other\n' +
          'does not, each with an example. That all other calls are decided alike is proven. Exits\n' +
          'with 0 when the two are equivalent, 2 when they differ, and 1 when something could not be\n' +
          'proven either way.',
      )
      .action((first: string, second: string, options: CompareOptions) =>
        run(options, async (output) => {
          const a = readPack(first, output);
          const b = a && readPack(second, output);
          return b ? compare(a, b, options, output) : EXIT.no;
        }),
      ),
    [
      'proviso terms compare examples/terms/restricted-use examples/terms/any-lawful-use',
      'proviso terms compare old/ new/ --json',
    ],
  );
}

async function compare(
  first: Pack,
  second: Pack,
  options: CompareOptions,
  output: Output,
): Promise<ExitCode> {
  const comparison = await withSolver(options, (solver) =>
    withProgress('compared', (report) => comparePacks(first, second, solver, report)),
  );
  const nameOf = ({ id, version, title, hash }: Pack) => ({ id, version, title, hash });
  output.result({ first: nameOf(first), second: nameOf(second), ...comparison }, () =>
    printComparison({ first, second }, comparison, output),
  );
  switch (comparison.verdict) {
    case 'equivalent':
      return EXIT.yes;
    case 'differ':
      return EXIT.no;
    case 'unknown':
      return EXIT.couldNot;
  }
}
