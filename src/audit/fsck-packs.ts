/** Stored packs: each that decisions were made under, or that came into force, is there and is it. */
import { join } from 'node:path';
import { asProvisoError } from '#base/errors.ts';
import { loadStoredPack } from '#terms/store.ts';
import type { AuditFault } from './fault.ts';

/** @param packs hashes, and an entry that names each */
export function checkPacks(
  dataDir: string,
  packs: ReadonlyMap<string, number>,
  onFault: (fault: AuditFault) => void,
): void {
  for (const [hash, entry] of packs) {
    try {
      loadStoredPack(dataDir, hash);
    } catch (error) {
      onFault({
        file: join('..', 'terms', hash),
        entry,
        problem: asProvisoError(error).publicMessage,
        consequence: 'Decisions under these terms cannot be computed again.',
      });
    }
  }
}
