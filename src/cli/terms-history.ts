/** `proviso terms history`: how each terms pack came into force, as the ledger says it. */
import type { Command } from 'commander';
import type { ActivationRow } from '#admin/operations/terms.ts';
import {
  examples,
  fromValidity,
  type InstanceOptions,
  type JsonOption,
  run,
  withInstance,
  withJson,
} from './command.ts';
import type { ExitCode } from './exit.ts';
import { readConfig } from './instance.ts';
import type { Output } from './output.ts';
import { readActivations, releasedWords, signersOf, signersWords } from './terms-in-force.ts';

type HistoryOptions = InstanceOptions & JsonOption;

export function defineHistory(command: Command): void {
  examples(
    withJson(withInstance(command.command('history')))
      .summary('the chain of terms that came into force')
      .description(
        'Lists the activations in the ledger, each with what it was proven against. Exits with 2 where\n' +
          'one was not proven against the one before it.',
      )
      .action((options: HistoryOptions) =>
        run(options, async (output) => history(await readActivations(readConfig(options)), output)),
      ),
    ['proviso terms history', 'proviso terms history --json'],
  );
}

function history(rows: readonly ActivationRow[], output: Output): ExitCode {
  const broken = rows.filter((row, i) => !follows(row, rows[i - 1])).map(({ entry }) => entry);
  const activations = rows.map((row) => ({ ...row, signedBy: signersOf(row) }));
  output.result({ activations, broken }, () => {
    if (rows.length === 0) return output.print('No terms have come into force yet.');
    for (const row of rows) {
      describe(row, output);
      output.print();
    }
    for (const entry of broken) {
      const words = `entry ${entry} was not proven against the terms that were in force before it`;
      output.print(output.style('bad', words));
    }
    const count = `${rows.length} activation${rows.length === 1 ? '' : 's'}; the last is in force`;
    return output.print(output.style(broken.length === 0 ? 'good' : 'bad', count));
  });
  return fromValidity(broken.length === 0);
}

/** Proven against the one before; or the same pack again, with another base schema. */
function follows({ hash, against }: ActivationRow, before: ActivationRow | undefined): boolean {
  return against === before?.hash || (against === undefined && hash === before?.hash);
}

function describe(row: ActivationRow, output: Output): void {
  const { entry, at, id, version, hash, against, proof } = row;
  output.print(output.style('strong', `entry ${entry}  ${at}  ${id} ${version}`));
  output.facts(
    [
      ['hash', hash],
      ['against', against ?? 'no version before it'],
      ['proven', `${proof.checks.length} checks, by ${proof.solver}, proviso ${row.proviso}`],
      ['tests', `${row.tests} passed`],
      ['signed by', signersWords(row)],
      ...(row.released.length === 0 ? [] : [['released', releasedWords(row)] as const]),
    ],
    '  ',
  );
}
