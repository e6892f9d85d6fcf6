/**
 * Erasure: a name's data key is destroyed, and with it every value that was encrypted for the name.
 * The log keeps its commitments, so that every proof stays valid; an entry of kind `erasure` says
 * which key went. INVARIANT (13): the entry comes first, and is carried out again at each start, so
 * that neither a crash nor a key file put back from a copy brings a value back.
 *
 *   the journal's segment is ended → erasure entry → published, the old segments wiped → key file
 *   overwritten → key out of memory
 */
import { join } from 'node:path';
import type { Disk } from './disk.ts';
import type { Entry, NewEntry } from './entry.ts';
import type { Projection } from './projection.ts';
import { readEntries } from './read.ts';
import { corrupt } from './tiles.ts';
import { KEY_FILE_BYTES, keyPath, keyStateOf } from './vault.ts';

/** Which key of a name: its slot, and its generation. */
export interface ErasedKey {
  readonly slot: Buffer;
  readonly generation: number;
}

/** What an erasure's own private values are encrypted for: never the name that it is about. */
const VAULT_KEY = 'erasures';

/** @param said why, for whoever may read it; it goes to the vault and must not name what is erased */
export function erasureEntry({ slot, generation }: ErasedKey, said: NewEntry['private']): NewEntry {
  return {
    kind: 'erasure',
    public: { generation, slot: slot.toString('hex') },
    private: said,
    vaultKey: VAULT_KEY,
  };
}

/**
 * Overwrites the key where it lies. A crash between the two writes leaves a file that opens nothing,
 * and is finished at the next start.
 */
export async function destroyKey(
  disk: Disk,
  dir: string,
  { slot, generation }: ErasedKey,
): Promise<void> {
  const path = join(dir, keyPath(slot));
  const found = await disk.read(path);
  if (!found || keyStateOf(found).generation > generation) return;
  const file = await disk.openFile(path);
  try {
    await file.write(Buffer.alloc(KEY_FILE_BYTES - 4), 4);
    const next = Buffer.alloc(4);
    next.writeUInt32BE(generation + 1);
    await file.write(next, 0);
  } finally {
    await file.close();
  }
}

/** Carries out what the log's entries say was erased, where it is not so on disk. */
export async function finishErasures(
  disk: Disk,
  dir: string,
  projection: Projection,
  size: number,
): Promise<void> {
  for (const index of projection.stateEntries(['erasure'])) {
    for await (const entry of readEntries(dir, size, index, index + 1)) {
      await destroyKey(disk, dir, erasedKeyOf(entry));
    }
  }
}

/** @throws ProvisoError `ledger_corrupt` */
function erasedKeyOf({ index, public: { generation, slot } }: Entry): ErasedKey {
  const isSlot = typeof slot === 'string' && /^[0-9a-f]{32}$/.test(slot);
  if (!isSlot || !Number.isSafeInteger(generation)) {
    throw corrupt(`entry ${index}`, 'is an erasure that names no key');
  }
  return { slot: Buffer.from(slot, 'hex'), generation: generation as number };
}
