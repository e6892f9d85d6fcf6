/** `proviso terms activate`: brings a pack into force, in a gateway that runs or in its data folder. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import type { Control } from '#admin/operation.ts';
import { type ActivationRow, beginActivation, getAttempt } from '#admin/operations/terms.ts';
import { submissionIn } from '#gateway/ready-terms.ts';
import type { Pack } from '#terms/pack.ts';
import { list } from './arguments.ts';
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
import { withProgress } from './progress.ts';
import { releasedWords, signersOf, signersWords } from './terms-in-force.ts';

interface ActivateOptions extends InstanceOptions, JsonOption {
  readonly release: readonly string[];
}

/** @param readPack tells what is wrong with a pack itself, and then gives none */
export function defineActivate(
  command: Command,
  readPack: (dir: string, output: Output) => Pack | undefined,
): void {
  examples(
    withJson(
      withInstance(command.command('activate').argument('<pack>', 'the folder of a terms pack')),
    )
      .option(
        '--release <ids>',
        'red lines and assurances in force that the pack may change, where no party names a key',
        list,
        [],
      )
      .summary('bring a pack into force')
      .description(
        'Brings a pack into force when it checks, its tests pass, its date has come, everyone has\n' +
          'signed who must, and the gateway has proven it against the version in force. A gateway that\n' +
          'runs takes it between two calls. Exits with 2 when it is refused.',
      )
      .action((dir: string, options: ActivateOptions) =>
        run(options, (output) =>
          readPack(dir, output) ? activate(dir, options, output) : EXIT.no,
        ),
      ),
    ['proviso terms activate my-terms', 'proviso terms activate my-terms --release no-force'],
  );
}

async function activate(dir: string, options: ActivateOptions, output: Output): Promise<ExitCode> {
  const { files, signatures } = submissionIn(dir);
  // Loaded here alone: packs are checked, tested and proven without anything of a gateway.
  const { openControl } = await import('#admin/open.ts');
  await using control = await openControl(readConfig(options));
  const startedAt = Date.now();
  const { attempt } = await control.ask(beginActivation, {
    name: dir,
    files: [...files].map(([path, bytes]) => ({ path, text: Buffer.from(bytes).toString() })),
    signatures: [...signatures],
    releases: [...options.release],
  });
  const row = await ended(control, attempt);
  const isNew = Date.parse(row.at) >= startedAt;
  const { entry, at, id, version, hash, against, proof } = row;
  const document = { entry, at, id, version, hash, ...(against && { against }), isNew };
  output.result({ ...document, proof, signedBy: signersOf(row), released: row.released }, () =>
    describe(row, isNew, output),
  );
  return EXIT.yes;
}

const LOOK_MS = 100;

/** @throws ProvisoError why it was refused */
function ended(control: Control, attempt: number): Promise<ActivationRow> {
  return withProgress('proven', async (report) => {
    for (;;) {
      const found = await control.ask(getAttempt, { attempt });
      if (found.state === 'in force') return found.activation;
      report(found.done, found.total);
      await sleep(LOOK_MS);
    }
  });
}

function describe(row: ActivationRow, isNew: boolean, output: Output): void {
  const { entry, at, id, version, hash, against, proof, tests } = row;
  output.facts([
    ['terms', `${id} ${version}`],
    ['hash', hash],
    ['tests', `${tests} passed`],
    ['proven', `by ${proof.solver}: ${proof.checks.join(', ')}`],
    ...(against === undefined ? [] : [['against', against] as const]),
    ['signed by', signersWords(row)],
    ...(row.released.length === 0 ? [] : [['released', releasedWords(row)] as const]),
    ['entry', `${entry} of the ledger, ${at}`],
  ]);
  output.print(output.style('good', isNew ? 'in force' : 'in force already'));
}
