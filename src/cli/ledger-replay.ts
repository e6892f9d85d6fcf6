/** `proviso ledger replay`: recorded decisions again, from the ledger, the vault and the packs. */
import type { Command } from 'commander';
import { type ReplayReport, replayLedger } from '#audit/replay.ts';
import { entryRange } from './arguments.ts';
import {
  type AuditedOptions,
  auditedLedger,
  describeElsewhere,
  masterKeyOf,
  withAudited,
} from './audited.ts';
import { examples, type JsonOption, run } from './command.ts';
import { EXIT, type ExitCode } from './exit.ts';
import type { Output } from './output.ts';
import { withProgress } from './progress.ts';

interface ReplayOptions extends AuditedOptions, JsonOption {
  readonly range?: { readonly first: number; readonly last: number };
}

export function defineReplay(command: Command): void {
  examples(
    withAudited(command.command('replay'))
      .option('--range <A..B>', 'only entries A to B, both included', entryRange)
      .summary('is each decision what the terms said then?')
      .description(
        'Decides each recorded request again, with the terms that were in force then and the\n' +
          'facts that were recorded then, and names every decision that comes out otherwise. Asks\n' +
          'no detector and no provider. Exits with 2 where one differs, with 1 where one could not\n' +
          'be computed again; what was erased is neither.',
      )
      .action((folder: string | undefined, options: ReplayOptions) =>
        run(options, (output) => replay(folder, options, output)),
      ),
    ['proviso ledger replay', 'proviso ledger replay copy/ --range 100..199 --json'],
  );
}

async function replay(
  folder: string | undefined,
  options: ReplayOptions,
  output: Output,
): Promise<ExitCode> {
  const audited = await auditedLedger(folder, options);
  const source = { ...audited, masterKey: await masterKeyOf(audited) };
  const report = await withProgress('decided again', (onProgress) =>
    replayLedger(source, options.range, onProgress),
  );
  output.result(report, () => describe(report, output));
  if (report.different > 0) return EXIT.no;
  return report.unreplayed > 0 ? EXIT.couldNot : EXIT.yes;
}

function describe(report: ReplayReport, output: Output): void {
  const { origin, range, decisions, same, different, erased, unreplayed } = report;
  output.facts([
    ['ledger', origin],
    ['entries', `${range.first} to ${range.last}`],
    ['decisions', String(decisions)],
    ['same', String(same)],
    ['different', String(different)],
    ['erased', String(erased)],
    ['not computed', String(unreplayed)],
    ...Object.entries(report.detectors).map(([names, count]): [string, string] => [
      'facts from',
      `${names} (${count} decisions)`,
    ]),
  ]);
  describeElsewhere(report.elsewhere, output);
  for (const { entry, differences } of report.differences) {
    for (const { field, recorded, computed } of differences) {
      const words = `${field}: recorded ${JSON.stringify(recorded)}, computed ${JSON.stringify(computed)}`;
      output.print(output.style('bad', `entry ${entry}  ${words}`));
    }
  }
  for (const { entry, problem, decisions: count } of report.problems) {
    const which = count === 1 ? `entry ${entry}` : `entry ${entry} and ${count - 1} more`;
    output.print(output.style('warn', `${which}  ${problem}`));
  }
  output.print(
    different === 0 && unreplayed === 0
      ? output.style('good', 'computed again: each decision is what was recorded')
      : output.style('bad', `${different} decisions differ, ${unreplayed} could not be computed`),
  );
}
