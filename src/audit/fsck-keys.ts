/** The vault's keys held to the log: each opens or was erased by an entry, and each erasure was carried out. */
import { join } from 'node:path';
import { asProvisoError } from '#base/errors.ts';
import { LEDGER_LIMITS } from '#base/limits.ts';
import { dirOf, type LogPlace } from '#ledger/archive.ts';
import { nodeDisk } from '#ledger/disk.ts';
import type { Entry } from '#ledger/entry.ts';
import { CHECK_FILE, masterKeyCheck } from '#ledger/master-key.ts';
import { keyStateOf, Vault } from '#ledger/vault.ts';
import type { AuditFault } from './fault.ts';
import type { ErasedBlob } from './fsck-values.ts';

const FOLDER = 'vault/keys';
const SLOT = /^[0-9a-f]{32}$/;
const OTHER_KEY = 'No gateway starts on this folder with this master key.';
const LOST = 'What was encrypted with it cannot be read. Put the file back from a copy.';
const UNRECORDED =
  'Values were made unreadable and the log does not say so: by hand, or a file was lost.';
const NOT_DONE =
  'What the log says was erased can still be read. The next start of the gateway carries it out.';

/** Generations that entries of kind `erasure` say were destroyed: by slot, the newest. */
export function erasuresOf(entries: readonly Entry[]): ReadonlyMap<string, Entry> {
  const erasures = new Map<string, Entry>();
  for (const entry of entries) {
    const { slot } = entry.public;
    if (entry.kind === 'erasure' && typeof slot === 'string') erasures.set(slot, entry);
  }
  return erasures;
}

export async function checkVaultKeys(
  place: LogPlace,
  masterKey: Uint8Array,
  erasures: ReadonlyMap<string, Entry>,
  erased: readonly ErasedBlob[],
  onFault: (fault: AuditFault) => void,
): Promise<number> {
  const dir = dirOf(place);
  const check = await nodeDisk.read(join(dir, CHECK_FILE));
  if (check && check.toString('latin1') !== `${masterKeyCheck(masterKey)}\n`) {
    const problem = `\`${CHECK_FILE}\` is not that of the master key at hand.`;
    onFault({ file: CHECK_FILE, problem, consequence: OTHER_KEY });
  }
  const slots = await nodeDisk.list(join(dir, FOLDER));
  for (const slot of slots) {
    const file = `${FOLDER}/${slot}`;
    const bytes = await nodeDisk.read(join(dir, file));
    // Gone since it was listed.
    if (!bytes) continue;
    const fault = faultOf(slot, bytes, masterKey, erasures.get(slot));
    if (fault) onFault({ file, ...fault });
  }
  for (const { slot, generation, path, entry } of erased) {
    if (generationOf(erasures.get(slot)) >= generation) continue;
    const problem = `Values of entry ${entry} and after were erased with the key \`${slot}\`, and no entry says so.`;
    onFault({ file: path, entry, problem, consequence: UNRECORDED });
  }
  return slots.length;
}

function faultOf(
  slot: string,
  bytes: Buffer,
  masterKey: Uint8Array,
  erasure: Entry | undefined,
): Pick<AuditFault, 'problem' | 'consequence' | 'entry'> | undefined {
  const file = `\`${FOLDER}/${slot}\``;
  if (!SLOT.test(slot) || bytes.length < 4) {
    return { problem: `${file} is no key.`, consequence: LOST };
  }
  const { generation, isErased } = keyStateOf(bytes);
  const erasedGeneration = generationOf(erasure);
  if (generation <= erasedGeneration) {
    const problem = `${file} is there, and entry ${erasure?.index} says that it was erased.`;
    return { problem, consequence: NOT_DONE, entry: erasure?.index };
  }
  if (generation > erasedGeneration + 1) {
    const problem = `${file} has generation ${generation}, and entries erased ${erasedGeneration}.`;
    return { problem, consequence: UNRECORDED };
  }
  if (isErased) return undefined;
  const vault = new Vault(masterKey, () => bytes, LEDGER_LIMITS.vaultKeysCachedMax);
  try {
    vault.tokenOf(Buffer.from(slot, 'hex'), '');
    return undefined;
  } catch (error) {
    return { problem: `${file}: ${asProvisoError(error).publicMessage}`, consequence: LOST };
  }
}

function generationOf(erasure: Entry | undefined): number {
  const generation = erasure?.public['generation'];
  return typeof generation === 'number' ? generation : 0;
}
