/**
 * Private values as the vault has them, read without a writer: a file of 4,096 entries at a time,
 * each blob opened once. What was erased is told from what is missing. docs/spec/ledger.md, "The vault"
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { asProvisoError } from '#base/errors.ts';
import { LEDGER_LIMITS } from '#base/limits.ts';
import { dirOf, findArchived, type LogPlace } from '#ledger/archive.ts';
import { type Disclosed, digestOf, parseDisclosure } from '#ledger/commitments.ts';
import { nodeDisk } from '#ledger/disk.ts';
import type { Entry } from '#ledger/entry.ts';
import { readJournal } from '#ledger/journal.ts';
import { type Blob, splitBlobs, VALUES_WIDTH, valuesPath } from '#ledger/values.ts';
import { keyFileOf, splitKeys, Vault } from '#ledger/vault.ts';
import type { LedgerFault } from '#ledger/verify-files.ts';

export interface OpenedBlob {
  readonly path: string;
  readonly firstIndex: number;
  readonly slot: string;
  readonly generation: number;
  /** Its key was destroyed. */
  readonly isErased: boolean;
  /** Disclosure texts by entry; absent where it does not open. */
  readonly texts?: ReadonlyMap<number, readonly string[]>;
  /** Why it does not open, though its key was not erased. */
  readonly problem?: string;
}

/** The values of the entries of one file, or of the journal. */
export interface Values {
  readonly blobs: readonly OpenedBlob[];
  /** Blobs by the first index of their batch, in the order of the file. */
  readonly batches: ReadonlyMap<number, readonly OpenedBlob[]>;
  readonly faults: readonly LedgerFault[];
  /** Most of them are in an archive that is not at hand. */
  readonly isPart?: boolean;
}

/** An entry's values, each held to its commitment. */
export interface EntryValues {
  readonly byName: ReadonlyMap<string, Disclosed['value']>;
  /** The blob that has them; absent where none has. */
  readonly sealedBy: OpenedBlob | undefined;
  /** Some of what its batch sealed was erased: of this entry, perhaps. */
  readonly isErased: boolean;
  /** What is wrong with them. */
  readonly problems: readonly string[];
}

const SLOT = /^[0-9a-f]{32}$/;
/** Callers whose tokens are kept: more than most gateways have. */
const TOKENS_MAX = 10_000;

export class ValuesReader {
  readonly #place: LogPlace;
  readonly #vault: Vault;
  readonly #journalKeys: ReadonlyMap<string, Buffer>;
  readonly #keyFiles = new Map<string, Buffer | undefined>();
  readonly #tokens = new Map<string, string>();

  /** @param journalKeys files of wrapped keys that are in the journal only, by path */
  constructor(
    place: LogPlace,
    masterKey: Uint8Array,
    journalKeys: ReadonlyMap<string, Buffer> = new Map(),
  ) {
    this.#place = place;
    this.#journalKeys = journalKeys;
    const read = (path: string): Buffer | undefined => this.#keyFile(path);
    this.#vault = new Vault(masterKey, read, LEDGER_LIMITS.vaultKeysCachedMax);
  }

  /** File `n`; none is one without values. @throws `entry_archived` where it lies elsewhere */
  async file(n: number): Promise<Values> {
    const path = valuesPath(n);
    const archived = await findArchived(this.#place, path, n * VALUES_WIDTH);
    return this.#read(archived ?? join(dirOf(this.#place), path), path);
  }

  /** As `file`; where it lies elsewhere, what stayed: the values of entries that change the state. */
  async fileOrPart(n: number): Promise<Values> {
    try {
      return await this.file(n);
    } catch (error) {
      if (asProvisoError(error).code !== 'entry_archived') throw error;
      const path = valuesPath(n);
      return { ...(await this.#read(join(dirOf(this.#place), path), path)), isPart: true };
    }
  }

  async #read(file: string, path: string): Promise<Values> {
    return this.opened((await nodeDisk.read(file)) ?? Buffer.alloc(0), path);
  }

  /** Opens the blobs that follow each other in a file, or in a record of the journal. */
  opened(bytes: Buffer, path: string): Values {
    const blobs = splitBlobs(bytes);
    const end = blobs.reduce((sum, blob) => sum + blob.bytes.length, 0);
    const faults: LedgerFault[] = [];
    if (end < bytes.length) {
      const problem = `\`${path}\` has ${bytes.length - end} bytes from ${end} on that are no values.`;
      faults.push({ file: path, problem });
    }
    const opened = blobs.map((blob) => this.#open(blob, path));
    return { blobs: opened, batches: Map.groupBy(opened, ({ firstIndex }) => firstIndex), faults };
  }

  /** Stands for a text in an index; see `Vault.tokenOf`. */
  tokenOf({ slot }: OpenedBlob, text: string): string | undefined {
    const known = `${slot} ${text}`;
    let token = this.#tokens.get(known);
    if (token === undefined) {
      token = this.#vault.tokenOf(Buffer.from(slot, 'hex'), text);
      if (token === undefined) return undefined;
      if (this.#tokens.size >= TOKENS_MAX) this.#tokens.clear();
      this.#tokens.set(known, token);
    }
    return token;
  }

  /** What stands for a text under each key that there is. */
  async tokensOf(text: string): Promise<string[]> {
    const slots = await nodeDisk.list(join(dirOf(this.#place), 'vault/keys'));
    return slots
      .filter((slot) => SLOT.test(slot))
      .flatMap((slot) => this.#vault.tokenOf(Buffer.from(slot, 'hex'), text) ?? []);
  }

  #open(blob: Blob, path: string): OpenedBlob {
    const slot = blob.bytes.toString('hex', 12, 28);
    const generation = blob.bytes.readUInt32BE(28);
    const opened = { path, firstIndex: blob.firstIndex, slot, generation, isErased: false };
    try {
      return { ...opened, texts: textsByEntry(this.#vault.open(blob)) };
    } catch (thrown) {
      const error = asProvisoError(thrown);
      if (error.code === 'value_erased') return { ...opened, isErased: true };
      return { ...opened, problem: error.publicMessage };
    }
  }

  /** Of many blobs the same few keys: each file is read once. */
  #keyFile(path: string): Buffer | undefined {
    if (!this.#keyFiles.has(path)) {
      const full = join(dirOf(this.#place), path);
      const stored = existsSync(full) ? readFileSync(full) : undefined;
      this.#keyFiles.set(path, stored ?? this.#journalKeys.get(path));
    }
    return this.#keyFiles.get(path);
  }
}

/** Wrapped keys that the journal has, by the path of the file that each becomes. */
export async function journalKeys(place: LogPlace): Promise<ReadonlyMap<string, Buffer>> {
  const keys = new Map<string, Buffer>();
  for await (const { record } of readJournal(nodeDisk, dirOf(place))) {
    for (const key of splitKeys(record.keys)) {
      const { path, file } = keyFileOf(key);
      keys.set(path, Buffer.from(file));
    }
  }
  return keys;
}

/** What a file has of an entry. */
export function valuesOf({ index, digests }: Entry, { batches }: Values): EntryValues {
  const byName = new Map<string, Disclosed['value']>();
  const problems: string[] = [];
  let isErased = false;
  let sealedBy: OpenedBlob | undefined;
  for (const blob of batches.get(batchOf(index, batches)) ?? []) {
    if (blob.isErased) isErased = true;
    for (const text of blob.texts?.get(index) ?? []) {
      const disclosed = committed(text, digests);
      if (disclosed) {
        byName.set(disclosed.name, disclosed.value);
        sealedBy = blob;
      } else problems.push(`has a value that entry ${index} does not commit to`);
    }
  }
  return { byName, sealedBy, isErased, problems };
}

/** The batch that an entry is in has the greatest first index that is not past it. */
function batchOf(index: number, batches: Values['batches']): number {
  // Most entries open a batch of few; one that is searched from its own number is found soon.
  for (let first = index; first >= 0 && first > index - VALUES_WIDTH; first--) {
    if (batches.has(first)) return first;
  }
  return -1;
}

/** The value, where the entry's commitments have it. */
export function committed(text: string, digests: readonly string[]): Disclosed | undefined {
  try {
    return digests.includes(digestOf(text)) ? parseDisclosure(text) : undefined;
  } catch {
    return undefined;
  }
}

function textsByEntry(blobText: string): ReadonlyMap<number, readonly string[]> {
  const texts = new Map<number, readonly string[]>();
  for (const line of blobText.split('\n')) {
    if (line === '') continue;
    const [number = '', ...found] = line.split('\t');
    texts.set(Number(number), found);
  }
  return texts;
}
