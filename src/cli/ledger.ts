/** `proviso ledger`: checks a ledger from its files alone, and reads it. */
import type { Command } from 'commander';
import { ProvisoError } from '#base/errors.ts';
import { list, wholeNumber } from './arguments.ts';
import {
  examples,
  type InstanceOptions,
  type JsonOption,
  run,
  withInstance,
  withJson,
} from './command.ts';
import type { ExitCode } from './exit.ts';
import { readConfig } from './instance.ts';
import { defineArchive } from './ledger-archive.ts';
import { defineDisclose } from './ledger-disclose.ts';
import { defineFsck } from './ledger-fsck.ts';
import { defineMonitor } from './ledger-monitor.ts';
import { defineProve } from './ledger-prove.ts';
import { defineReplay } from './ledger-replay.ts';
import { defineSearch } from './ledger-search.ts';
import { follow, showNewest, shownLedger, showOne } from './ledger-show.ts';
import { verify } from './ledger-verify.ts';
import type { Output } from './output.ts';

const NEWEST_SHOWN = 20;

interface VerifyOptions extends JsonOption {
  readonly key: string;
  readonly archive?: readonly string[];
}

interface ShowOptions extends InstanceOptions, JsonOption {
  readonly ledger?: string;
  readonly key?: string;
  readonly last: number;
  readonly follow?: boolean;
  readonly private?: boolean;
}

export function define(command: Command): void {
  const verification = command
    .command('verify')
    .summary('is it whole, signed, and never rewritten?')
    .description(
      'Checks every hash, every tile, the signed checkpoint and the pairing of decisions and\n' +
        'outcomes, from the files alone. Good for a copy, and for a ledger that is in use.',
    )
    .argument('<folder>', 'the ledger’s folder')
    .requiredOption('--key <vkey>', 'the verifier key, from whoever you trust to know it')
    .option('--archive <folder>', 'where old entries lie that were moved there', list)
    .action((folder: string, options: VerifyOptions) =>
      run(options, (output) => verify(folder, options.key, options.archive ?? [], output)),
    );
  examples(withJson(verification), [
    'proviso ledger verify proviso-data/ledger --key "$(cat trusted.pub)"',
  ]);

  const show = command
    .command('show')
    .summary('read entries')
    .description('Shows the newest entries, or one of them with all that stands in it.')
    .argument('[entry]', 'the number of an entry', wholeNumber(0, Number.MAX_SAFE_INTEGER))
    .option('-f, --follow', 'show each entry as it comes, until Ctrl-C; with --json one a line')
    .option('-n, --last <count>', 'how many of the newest', wholeNumber(0, 100_000), NEWEST_SHOWN)
    .option('--private', 'with [entry]: the private values too, from this machine’s vault')
    .option('--ledger <folder>', 'the ledger’s folder, such as a copy, instead of an instance’s')
    .option('--key <vkey>', 'the verifier key, instead of the one that lies in the folder')
    .action((entry: number | undefined, options: ShowOptions) =>
      run(options, (output) => showLedger(entry, options, output)),
    );
  examples(withJson(withInstance(show)), [
    'proviso ledger show',
    'proviso ledger show 12 --private',
    'proviso ledger show --follow --json',
  ]);

  defineSearch(command);
  defineReplay(command);
  defineFsck(command);
  defineArchive(command);
  defineDisclose(command);
  defineProve(command);
  defineMonitor(command);
}

async function showLedger(
  entry: number | undefined,
  options: ShowOptions,
  output: Output,
): Promise<ExitCode> {
  if (entry === undefined && options.private) {
    throw new ProvisoError('usage_invalid', '`--private` needs the number of an entry.');
  }
  const config = options.ledger === undefined || options.private ? readConfig(options) : undefined;
  const ledger = await shownLedger(options.ledger ?? config?.ledger.dir ?? '', options.key);
  if (options.follow) return follow(ledger, options.last, output);
  if (entry === undefined) return showNewest(ledger, options.last, output);
  return showOne(ledger, entry, options.private ? config : undefined, output);
}
