/** `proviso ledger verify`: from the files alone, with nothing trusted but the verifier key. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ProvisoError } from '#base/errors.ts';
import type { LogPlace } from '#ledger/archive.ts';
import { type LedgerReport, verifyLedger } from '#ledger/verify.ts';
import { describeElsewhere } from './audited.ts';
import { fromValidity } from './command.ts';
import type { ExitCode } from './exit.ts';
import type { Output } from './output.ts';
import { withProgress } from './progress.ts';

/** @param archives where to look for entries that were moved to an archive */
export async function verify(
  folder: string,
  key: string,
  archives: readonly string[],
  output: Output,
): Promise<ExitCode> {
  const report = await verifyWithProgress({ dir: ledgerFolder(folder), archives }, key);
  const { isSound, openDecisions, faults, ...counts } = report;
  const document = {
    verified: isSound,
    ...counts,
    openDecisions: openDecisions.length,
    faults,
  };
  output.result(document, () => describe(report, output));
  return fromValidity(isSound);
}

export function verifyWithProgress(place: LogPlace, key: string): Promise<LedgerReport> {
  return withProgress('verifying', (onProgress) => verifyLedger(place, key, { onProgress }));
}

/** The ledger's folder, also where the data folder around it was named. */
function ledgerFolder(folder: string): string {
  if (!existsSync(folder)) {
    throw new ProvisoError('usage_invalid', `There is no folder \`${folder}\`.`, { at: folder });
  }
  const inner = join(folder, 'ledger');
  const isAround = !existsSync(join(folder, 'checkpoint')) && existsSync(join(inner, 'checkpoint'));
  return isAround ? inner : folder;
}

function describe(report: LedgerReport, output: Output): void {
  const { origin, size, root, unpublished, decisions, outcomes, openDecisions, faults } = report;
  output.facts([
    ['ledger', origin],
    ['entries', `${size}${unpublished === 0 ? '' : `, and ${unpublished} not published yet`}`],
    ['root', root],
    ['decisions', `${decisions}, with ${outcomes} outcomes and ${openDecisions.length} open`],
  ]);
  describeElsewhere(report.elsewhere, output);
  for (const { problem, entry, file } of faults) {
    const place = [entry === undefined ? '' : `entry ${entry}`, file ?? ''].filter(Boolean);
    output.print(output.style('bad', `fault  ${problem} (${place.join(', ')})`));
  }
  output.print(
    report.isSound
      ? output.style('good', 'verified: every hash, every tile, the signature and the pairing')
      : output.style(
          'bad',
          `not verified: ${faults.length === 100 ? '100 or more' : faults.length} faults`,
        ),
  );
}
