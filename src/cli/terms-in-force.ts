/** What a command about terms knows of a gateway: the terms in force, and how they came to be. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type ActivationRow, listActivations } from '#admin/operations/terms.ts';
import type { Config } from '#config/config.ts';
import { EXAMPLE_TERMS } from '#config/resolve.ts';
import { type Pack, packHash, readPackFiles } from '#terms/pack.ts';
import { decodeSignatureUnverified } from '#terms/signature.ts';
import { loadStoredPack } from '#terms/store.ts';
import { effectiveOf } from '#terms/terms.ts';

/** Every activation, in order; none where there is no ledger yet. */
export async function readActivations(config: Config): Promise<readonly ActivationRow[]> {
  if (!existsSync(join(config.ledger.dir, 'checkpoint'))) return [];
  // Loaded here alone: packs are checked, tested and proven without anything of a gateway.
  const { openControl } = await import('#admin/open.ts');
  await using control = await openControl(config);
  return await control.ask(listActivations, {});
}

/** @throws ProvisoError `terms_corrupt` */
export function packInForce(config: Config, rows: readonly ActivationRow[]): Pack | undefined {
  const last = rows.at(-1);
  return last && loadStoredPack(config.dataDir, last.hash);
}

/** Parties that signed, as an activation's notes name them. */
export function signersOf({ signatures }: Pick<ActivationRow, 'signatures'>): readonly string[] {
  const parties = signatures.map((note) => decodeSignatureUnverified(note).statement.party);
  return [...new Set(parties)].sort();
}

export function signersWords(row: Pick<ActivationRow, 'signatures'>): string {
  const signers = signersOf(row);
  return signers.length === 0 ? 'nobody, as no party names a key' : signers.join(', ');
}

export function releasedWords({ released }: ActivationRow): string {
  return released
    .map(({ rule, by }) => `${rule} (by ${by.length === 0 ? 'the operator' : by.join(', ')})`)
    .join(', ');
}

/**
 * What an operator should know. The folder in the configuration founds a ledger; from then on the
 * terms in force are those of the last activation.
 */
export function termsWarnings({ termsDir }: Config, pack: Pack): readonly string[] {
  const { id, version, hash } = pack;
  const warnings: string[] = [];
  const isMeant = termsDir !== EXAMPLE_TERMS && existsSync(termsDir);
  if (isMeant && packHash(readPackFiles(termsDir)) !== hash) {
    warnings.push(
      `\`${termsDir}\` differs from the terms in force, ${id} ${version}; to bring it into force: proviso terms activate ${termsDir}`,
    );
  }
  if (Date.now() >= effectiveOf(pack).until) {
    warnings.push(
      `The terms in force, ${id} ${version}, have ended: nothing is permitted until others are activated.`,
    );
  }
  return warnings;
}
