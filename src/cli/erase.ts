/** `proviso erase`: destroys the key of what was encrypted for a purpose, a caller or a subject. */
import type { Command } from 'commander';
import { openControl } from '#admin/open.ts';
import * as erasures from '#admin/operations/erasures.ts';
import { ProvisoError } from '#base/errors.ts';
import type { Erased } from '#gateway/erasure.ts';
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
import type { Output } from './output.ts';
import { wrapped } from './wrapped.ts';

interface EraseOptions extends InstanceOptions, JsonOption {
  readonly purpose?: string;
  readonly caller?: string;
  readonly subject?: string;
  readonly withoutPurpose?: boolean;
  readonly reason?: string;
}

export function define(command: Command): void {
  examples(
    withJson(withInstance(command))
      .description(
        'Destroys the key with which values were encrypted, so that nobody can read them again, and\n' +
          'puts that on record. The ledger and every proof stay valid. Which name values are encrypted\n' +
          'for is said by the terms (`values`). It cannot be undone, and reaches no copies elsewhere.',
      )
      .option('--subject <name>', 'whom calls were about: the header `proviso-subject`')
      .option(
        '--purpose <id>',
        'what was asked and answered for a purpose, and what it says of itself',
      )
      .option('--without-purpose', 'what was asked and answered for no named purpose')
      .option(
        '--caller <id>',
        'who holds a key; and what it asked, where the terms encrypt for callers',
      )
      .option('--reason <words>', 'why; kept in the vault, so it must not name who is erased')
      .action((options: EraseOptions) => run(options, (output) => erase(options, output))),
    [
      'proviso erase --subject case-4711',
      'proviso erase --purpose minutes --reason "by-law 12 §4"',
    ],
  );
}

async function erase(options: EraseOptions, output: Output): Promise<ExitCode> {
  const erased = erasedBy(options);
  const { reason } = options;
  await using control = await openControl(readConfig(options));
  const why = reason === undefined ? {} : { reason };
  const { entry } = await control.ask(erasures.erase, { ...erased, ...why });
  output.result({ entry, ...erased }, () => {
    output.print(`erased what was encrypted for ${wordsOf(erased)}: entry ${entry}`);
    output.print(output.style('dim', wrapped(LEFT)));
  });
  return EXIT.yes;
}

function erasedBy({ purpose, caller, subject, withoutPurpose }: EraseOptions): Erased {
  const named: readonly (Erased | undefined)[] = [
    purpose === undefined ? undefined : { of: 'purpose', name: purpose },
    caller === undefined ? undefined : { of: 'caller', name: caller },
    subject === undefined ? undefined : { of: 'subject', name: subject },
    withoutPurpose === undefined ? undefined : { of: 'no-purpose' },
  ];
  const [erased, ...more] = named.filter((one) => one !== undefined);
  if (erased && more.length === 0) return erased;
  throw new ProvisoError(
    'usage_invalid',
    'Name one of `--subject`, `--purpose`, `--caller` and `--without-purpose`.',
  );
}

function wordsOf(erased: Erased): string {
  return erased.of === 'no-purpose' ? 'no purpose' : `the ${erased.of} \`${erased.name}\``;
}

const LEFT =
  'Not reached: copies of the data folder, what a disk keeps of overwritten blocks, and the memory ' +
  'of a gateway that had the values before; it is gone when that one is started again.';
