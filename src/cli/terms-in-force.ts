/** What a command about terms knows of a gateway: the terms in force, and how they came to be. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { openControl } from '#admin/open.ts';
import { type ActivationRow, listActivations } from '#admin/operations/terms.ts';
import type { Config } from '#config/config.ts';
import type { Pack } from '#terms/pack.ts';
import { decodeSignatureUnverified } from '#terms/signature.ts';
import { loadStoredPack } from '#terms/store.ts';

/** Every activation, in order; none where there is no ledger yet. */
export async function readActivations(config: Config): Promise<readonly ActivationRow[]> {
  if (!existsSync(join(config.ledger.dir, 'checkpoint'))) return [];
  const control = await openControl(config);
  try {
    return await control.ask(listActivations, {});
  } finally {
    await control.close();
  }
}

/** @throws ProvisoError `terms_corrupt` */
export function packInForce(config: Config, rows: readonly ActivationRow[]): Pack | undefined {
  const last = rows.at(-1);
  return last && loadStoredPack(config.dataDir, last.hash);
}

/** Parties that signed, as an activation's notes name them. */
export function signersOf({ signatures }: ActivationRow): readonly string[] {
  const parties = signatures.map((note) => decodeSignatureUnverified(note).statement.party);
  return [...new Set(parties)].sort();
}

export function signersWords(row: ActivationRow): string {
  const signers = signersOf(row);
  return signers.length === 0 ? 'nobody: no party names a key' : signers.join(', ');
}

export function releasedWords({ released }: ActivationRow): string {
  return released
    .map(({ rule, by }) => `${rule} (by ${by.length === 0 ? 'the operator' : by.join(', ')})`)
    .join(', ');
}
