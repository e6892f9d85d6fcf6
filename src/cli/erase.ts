/** `proviso erase`: destroys the key of what was encrypted for a purpose, a caller or a subject. */
import type { Command } from 'commander';
import { openControl } from '#admin/open.ts';
import * as erasures from '#admin/operations/erasures.ts';
import { ProvisoError } from '#base/errors.ts';
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
  readonly reason?: string;
}

const NAMES = ['purpose', 'caller', 'subject'] as const;

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
  const given = NAMES.filter((of) => options[of] !== undefined);
  const [of] = given;
  if (of === undefined || given.length > 1) {
    const words = 'Name one of `--subject`, `--purpose` and `--caller`.';
    throw new ProvisoError('usage_invalid', words);
  }
  const name = options[of] ?? '';
  const { reason } = options;
  const control = await openControl(readConfig(options));
  try {
    const { entry } = await control.ask(erasures.erase, {
      of,
      name,
      ...(reason === undefined ? {} : { reason }),
    });
    output.result({ entry, of, name }, () => {
      output.print(`erased what was encrypted for the ${of} \`${name}\`: entry ${entry}`);
      output.print(output.style('dim', wrapped(LEFT)));
    });
    return EXIT.yes;
  } finally {
    await control.close();
  }
}

const LEFT =
  'Not reached: copies of the data folder, what a disk keeps of overwritten blocks, and the memory ' +
  'of a gateway that had the values before; it is gone when that one is started again.';
