/** `proviso ledger fsck`: all of a ledger held to itself, with each fault and what follows from it. */
import type { Command } from 'commander';
import { type AuditReport, auditLedger } from '#audit/fsck.ts';
import { resumePath } from '#audit/resume.ts';
import { dirOf } from '#ledger/archive.ts';
import {
  type AuditedOptions,
  auditedLedger,
  describeElsewhere,
  masterKeyOf,
  withAudited,
} from './audited.ts';
import { examples, fromValidity, type JsonOption, run } from './command.ts';
import type { ExitCode } from './exit.ts';
import type { Output } from './output.ts';
import { withProgress } from './progress.ts';

interface FsckOptions extends AuditedOptions, JsonOption {
  readonly vault: boolean;
  readonly resume: boolean;
}

export function defineFsck(command: Command): void {
  examples(
    withAudited(command.command('fsck'))
      .option('--no-vault', 'without the vault, as where a copy has none')
      .option('--no-resume', 'from the beginning, also where one before this was broken off')
      .summary('is all of it as it was written?')
      .description(
        'Audits everything that lies in a ledger’s folder and beside it: hashes, tiles, the\n' +
          'checkpoint, the pairing of decisions and outcomes, private values against their\n' +
          'commitments, the vault’s keys, the terms along the log and the stored packs, callers’\n' +
          'keys, people’s signatures under what was released, the journal, the lock store, and the\n' +
          'databases against the log. Changes nothing. One that is broken off goes on where it was.',
      )
      .action((folder: string | undefined, options: FsckOptions) =>
        run(options, (output) => fsck(folder, options, output)),
      ),
    ['proviso ledger fsck', 'proviso ledger fsck copy/ledger --no-vault --json'],
  );
}

async function fsck(
  folder: string | undefined,
  options: FsckOptions,
  output: Output,
): Promise<ExitCode> {
  const audited = await auditedLedger(folder, options);
  const masterKey = options.vault ? await masterKeyOf(audited) : undefined;
  const path = resumePath(dirOf(audited.place), process.env);
  const report = await withProgress('audited', (onProgress) =>
    auditLedger(
      { ...audited, masterKey },
      { onProgress, ...(options.resume ? { resumePath: path } : {}) },
    ),
  );
  const { isSound, openDecisions, ...found } = report;
  const document = { sound: isSound, openDecisions: openDecisions.length, ...found };
  output.result(document, () => describe(report, output));
  return fromValidity(isSound);
}

function describe(report: AuditReport, output: Output): void {
  const { origin, size, root, unpublished, decisions, outcomes, openDecisions, resumed } = report;
  const { packs, keys, purposes, people, releases, vaultKeys, erasures, faults, faultCount } =
    report;
  output.facts([
    ['ledger', origin],
    ['entries', `${size}${unpublished === 0 ? '' : `, and ${unpublished} not published yet`}`],
    ['root', root],
    ['decisions', `${decisions}, with ${outcomes} outcomes and ${openDecisions.length} open`],
    ['terms', `${packs} ${packs === 1 ? 'pack' : 'packs'}`],
    ['callers’ keys', String(keys)],
    ['purposes', String(purposes)],
    ['people', String(people)],
    ['releases', String(releases)],
    ['vault', vaultKeys === undefined ? 'not looked at' : `${vaultKeys} keys, ${erasures} erased`],
    ...(resumed === 0 ? [] : [['resumed', `after ${resumed} entries`] as [string, string]]),
  ]);
  describeElsewhere(report.elsewhere, output);
  for (const { problem, entry, file, consequence } of faults) {
    const place = entry === undefined ? file : `entry ${entry}, ${file}`;
    output.print(output.style('bad', `fault  ${problem}`));
    output.print(`       ${output.style('dim', `(${place})`)} ${consequence}`);
  }
  const shown = faultCount > faults.length ? `; the first ${faults.length} are shown` : '';
  output.print(
    report.isSound
      ? output.style('good', 'sound: all of it is as it was written')
      : output.style(
          'bad',
          `not sound: ${faultCount} ${faultCount === 1 ? 'fault' : 'faults'}${shown}`,
        ),
  );
}
