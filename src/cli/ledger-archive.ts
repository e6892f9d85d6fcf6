/** `proviso ledger archive`: old entries to cold storage, where they are still verified. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { copyToArchive, finishArchived, planArchive, removeArchived } from '#audit/archive.ts';
import { ProvisoError } from '#base/errors.ts';
import { projectionPath, readProjection } from '#ledger/projection.ts';
import { readCheckpoint } from '#ledger/read.ts';
import { instantOrSpanAgo } from './arguments.ts';
import {
  examples,
  type InstanceOptions,
  type JsonOption,
  run,
  withInstance,
  withJson,
} from './command.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { readConfig } from './instance.ts';
import { shownLedger } from './ledger-show.ts';
import type { Output } from './output.ts';
import { withProgress } from './progress.ts';

interface ArchiveOptions extends InstanceOptions, JsonOption {
  readonly before: number;
  readonly to: string;
}

export function defineArchive(command: Command): void {
  examples(
    withJson(withInstance(command.command('archive')))
      .requiredOption(
        '--before <instant>',
        'entries older than: 2030-01-31, or a time ago (52w)',
        at,
      )
      .requiredOption('--to <folder>', 'the archive, outside of the ledger’s folder')
      .summary('move old entries to cold storage')
      .description(
        'Moves entries, and their private values, to an archive: verified, copied, read back, and\n' +
          'on record before anything is taken away. Hashes stay, so that all proofs go on; what\n' +
          'changes the state stays too, so that a start needs no archive. Other commands read the\n' +
          'archive where it is, or where --archive says. Refused for what the retention rule keeps.',
      )
      .action((options: ArchiveOptions) => run(options, (output) => archive(options, output))),
    [
      'proviso ledger archive --before 52w --to /mnt/cold/ledger',
      'proviso ledger fsck --archive /mnt/restored/ledger',
    ],
  );
}

function at(text: string): number {
  return Date.parse(instantOrSpanAgo(text));
}

async function archive(options: ArchiveOptions, output: Output): Promise<ExitCode> {
  const config = readConfig(options);
  const { dir } = config.ledger;
  const target = resolve(options.to);
  const { log } = await shownLedger(dir, undefined);
  const { origin, size } = await readCheckpoint(dir, log);
  await finishArchived(dir, size);
  const range = await planArchive(dir, size, options.before, firstOpenIn(dir));
  if (range.from === range.to) {
    return tell(range, target, 'nothing more is old enough: entries go by the 4096', output);
  }
  // Loaded here alone: the other commands of the ledger need nothing of a gateway.
  const { openControl } = await import('#admin/open.ts');
  const { checkArchive, recordArchive } = await import('#admin/operations/archives.ts');
  await using control = await openControl(config);
  await control.ask(checkArchive, range);
  await withProgress('archived', (onProgress) =>
    copyToArchive(dir, origin, size, range, target, onProgress),
  );
  await control.ask(recordArchive, range);
  await removeArchived(dir, size, range, target);
  return tell(range, target, `entries ${range.from} to ${range.to - 1} are in ${target}`, output);
}

function tell(
  range: { readonly from: number; readonly to: number },
  archive: string,
  words: string,
  output: Output,
): ExitCode {
  output.result({ archive, ...range, entries: range.to - range.from }, () => output.print(words));
  return EXIT.yes;
}

function firstOpenIn(dir: string): number {
  const projected = readProjection(dir);
  if (projected) return projected.open[0] ?? Number.MAX_SAFE_INTEGER;
  throw new ProvisoError(
    'system_failed',
    `\`${projectionPath(dir)}\` is missing; \`proviso state rebuild\` builds it anew.`,
  );
}
