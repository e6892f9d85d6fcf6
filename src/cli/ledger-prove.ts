/** `proviso ledger prove`: one entry and the proof that it is in the ledger, as C2SP tlog-proof. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { ProvisoError } from '#base/errors.ts';
import { dirOf } from '#ledger/archive.ts';
import { openCheckpoint } from '#ledger/checkpoint.ts';
import { encodeTlogProof, proveInclusion } from '#ledger/prove.ts';
import { readBundle } from '#ledger/read.ts';
import { TILE_WIDTH } from '#ledger/tiles.ts';
import { wholeNumber } from './arguments.ts';
import { type AuditedOptions, auditedLedger, withAudited } from './audited.ts';
import { examples, type JsonOption, run } from './command.ts';
import { EXIT, type ExitCode } from './exit.ts';
import type { Output } from './output.ts';

interface ProveOptions extends AuditedOptions, JsonOption {
  readonly index: number;
  readonly out: string;
  readonly entry: string;
}

export function defineProve(command: Command): void {
  examples(
    withAudited(command.command('prove'))
      .summary('prove that one entry is in it, for any tool that knows such logs')
      .description(
        'Writes the proof that an entry is in the ledger, in the form of C2SP tlog-proof, and the\n' +
          'bytes of the entry. To show private values too, or more than one entry: `ledger disclose`.',
      )
      .requiredOption(
        '--index <number>',
        'the number of the entry',
        wholeNumber(0, Number.MAX_SAFE_INTEGER),
      )
      .requiredOption('--out <file>', 'where to write the proof')
      .requiredOption('--entry <file>', 'where to write the entry')
      .action((folder: string | undefined, options: ProveOptions) =>
        run(options, (output) => prove(folder, options, output)),
      ),
    ['proviso ledger prove --index 12 --out 12.tlog-proof --entry 12.json'],
  );
}

async function prove(
  folder: string | undefined,
  options: ProveOptions,
  output: Output,
): Promise<ExitCode> {
  const { place, log } = await auditedLedger(folder, options);
  const checkpoint = await readFile(join(dirOf(place), 'checkpoint'));
  const { size } = openCheckpoint(checkpoint, log);
  const { index } = options;
  if (index >= size) {
    throw new ProvisoError('not_found', `The ledger has ${size} entries, from 0 to ${size - 1}.`);
  }
  const proof = await proveInclusion(dirOf(place), size, index);
  const bundle = await readBundle(place, size, Math.floor(index / TILE_WIDTH));
  const text = encodeTlogProof({ index, proof, checkpoint: checkpoint.toString('utf8') });
  await writeFile(options.out, text);
  await writeFile(options.entry, bundle[index % TILE_WIDTH] as Buffer);
  output.result({ index, size, proof: options.out, entry: options.entry }, () => {
    output.print(`entry ${index} of ${size}, with ${proof.length} hashes`);
    output.print(`proviso verify ${options.out} --entry ${options.entry} --key '${log.text}'`);
  });
  return EXIT.yes;
}
