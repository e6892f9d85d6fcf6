/** `proviso terms prove --entry N`: an old activation, from the ledger's files and the stored packs. */

import { ProvisoError } from '#base/errors.ts';
import { PROOF_LIMITS } from '#base/limits.ts';
import { parseActivation, type RecordedActivation } from '#gateway/activation.ts';
import { type Comparison, type ProvenAgain, proveAgain } from '#gateway/prove-again.ts';
import { readCheckpoint, readEntries } from '#ledger/read.ts';
import { type PackProver, startPackProver } from '#terms/prove/pack-prover.ts';
import { loadStoredPack } from '#terms/store.ts';
import type { InstanceOptions } from './command.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { readConfig } from './instance.ts';
import { shownLedger } from './ledger-show.ts';
import type { Output } from './output.ts';
import { withProgress } from './progress.ts';
import type { ProverOptions } from './prover-options.ts';

export async function proveEntry(
  index: number,
  options: InstanceOptions & ProverOptions,
  output: Output,
): Promise<ExitCode> {
  const { dataDir, ledger } = readConfig(options);
  const activation = await readActivation(ledger.dir, index);
  const { hash, against } = activation;
  const pack = loadStoredPack(dataDir, hash);
  const old = against === undefined ? undefined : loadStoredPack(dataDir, against);
  const found = await withProgress('proven', (report) =>
    proveAgain(activation, pack, old, proverWith(options), report),
  );
  const different = found.comparisons.filter(isDifferent);
  const { proof, solver, isOtherSchema } = found;
  const document = { entry: index, hash, against, comparisons: found.comparisons, solver };
  const isSame = different.length === 0;
  output.result({ ...document, problems: proof.problems, same: isSame }, () =>
    describe(activation, found, output),
  );
  if (isSame) return EXIT.yes;
  return isOtherSchema || proof.verdict === 'unknown' ? EXIT.couldNot : EXIT.no;
}

function proverWith({ processes, timeLimit }: ProverOptions): PackProver {
  return startPackProver({ ...PROOF_LIMITS, processes, questionMsMax: timeLimit * 1_000 });
}

/** @throws ProvisoError `usage_invalid` where the entry is no activation */
async function readActivation(dir: string, index: number): Promise<RecordedActivation> {
  const { log } = await shownLedger(dir, undefined);
  const { size } = await readCheckpoint(dir, log);
  for await (const entry of readEntries(
    dir,
    size,
    Math.min(index, size),
    Math.min(index + 1, size),
  )) {
    if (entry.kind === 'terms') return parseActivation(entry);
  }
  throw new ProvisoError(
    'usage_invalid',
    `Entry ${index} brought no terms into force; \`proviso terms history\` shows those that did.`,
  );
}

function isDifferent({ recorded, found }: Comparison): boolean {
  return recorded !== found;
}

function describe(
  { entry, at, id, version, hash, against, proviso, proof }: RecordedActivation,
  { comparisons, solver, isOtherSchema }: ProvenAgain,
  output: Output,
): void {
  output.facts([
    ['entry', `${entry}, ${new Date(at).toISOString()}`],
    ['terms', `${id} ${version}`],
    ['hash', hash],
    ['against', against ?? 'no version before it'],
    ['proven by', `${proof.solver}, proviso ${proviso}; now by ${solver}`],
  ]);
  output.print();
  for (const comparison of comparisons) {
    const mark = isDifferent(comparison)
      ? output.style('bad', 'differs')
      : output.style('good', 'same');
    output.print(`${mark}  ${comparison.what}`);
    if (!isDifferent(comparison)) continue;
    output.print(`      recorded  ${comparison.recorded}`);
    output.print(`      found     ${comparison.found}`);
  }
  output.print();
  if (isOtherSchema) {
    output.print(`This version of Proviso adds another base schema than proviso ${proviso} did.`);
  }
  const isSame = !comparisons.some(isDifferent);
  output.print(output.style(isSame ? 'good' : 'bad', isSame ? 'proven again' : 'not the same'));
}
