/**
 * One batch: entries that share a journal record, a write and a sync. Entries are put straight into
 * the record's bytes as they come; `seal` adds what needs their numbers.
 */
import { type EncodedEntry, type Entry, type NewEntry, requireEntrySize } from './entry.ts';
import { type JournalRecord, RECORD_HEADER_BYTES, sealRecord } from './journal.ts';
import type { Tile, TreeEdge } from './tiles.ts';
import { leafHash } from './tree.ts';
import { VALUES_WIDTH } from './values.ts';
import type { Vault } from './vault.ts';

const RECORD_BYTES_FIRST = 16 * 1024;

/** What an entry changes, besides making the log longer. */
export interface Effects {
  readonly opened: number[];
  readonly closed: number[];
  readonly state: Pick<Entry, 'index' | 'kind'>[];
}

export interface SealedBatch extends JournalRecord {
  /** The whole journal record. */
  readonly bytes: Buffer;
  /** Tiles that this batch completed. */
  readonly tiles: readonly Tile[];
  /** Tiles that are not full after it. */
  readonly partials: readonly Tile[];
  readonly effects: Effects;
}

export class Batch {
  readonly firstIndex: number;
  count = 0;
  #record: Buffer;
  #end = RECORD_HEADER_BYTES;
  #at = 0;
  readonly #vaultTexts: string[] = [];
  readonly #vaultKeys: string[] = [];
  readonly #resolves: ((index: number) => void)[] = [];
  readonly #rejects: ((error: Error) => void)[] = [];
  readonly #effects: Effects = { opened: [], closed: [], state: [] };

  /** @param expectedBytes of the whole record; it grows when that is too few */
  constructor(firstIndex: number, expectedBytes: number) {
    this.firstIndex = firstIndex;
    this.#record = Buffer.allocUnsafeSlow(Math.max(expectedBytes, RECORD_BYTES_FIRST));
  }

  /** Bytes so far. */
  get length(): number {
    return this.#end;
  }

  /** @returns the entry's number. @throws `entry_too_large` */
  add(
    entry: NewEntry,
    encoded: EncodedEntry,
    at: number,
    resolve: (index: number) => void,
    reject: (error: Error) => void,
  ): number {
    const { json, disclosures } = encoded;
    this.#reserve(2 + 3 * json.length);
    const bytes = this.#record.write(json, this.#end + 2, 'utf8');
    requireEntrySize(bytes, entry.kind);
    this.#record.writeUInt16BE(bytes, this.#end);
    this.#end += 2 + bytes;
    const index = this.firstIndex + this.count++;
    this.#at = at;
    this.#vaultTexts.push(disclosures.join('\t'));
    this.#vaultKeys.push(entry.vaultKey ?? '');
    this.#resolves.push(resolve);
    this.#rejects.push(reject);
    if (entry.kind === 'decision') this.#effects.opened.push(index);
    else if (entry.closes !== undefined) this.#effects.closed.push(entry.closes);
    else this.#effects.state.push({ index, kind: entry.kind });
    return index;
  }

  /** Appends the entries to the tree, encrypts their values and completes the record. */
  seal(edge: TreeEdge, vault: Vault): SealedBatch {
    const entriesEnd = this.#end;
    const tiles: Tile[] = [];
    for (let at = RECORD_HEADER_BYTES; at < entriesEnd; ) {
      const end = at + 2 + this.#record.readUInt16BE(at);
      edge.append(leafHash(this.#record.subarray(at + 2, end)), (tile) => tiles.push(tile));
      at = end;
    }
    const keys: Buffer[] = [];
    const blobs = this.#sealValues(vault, keys);
    for (const part of keys) this.#put(part);
    const keysEnd = this.#end;
    for (const part of blobs) this.#put(part);
    const head = {
      firstIndex: this.firstIndex,
      count: this.count,
      at: this.#at,
      root: edge.root(),
      entriesBytes: entriesEnd - RECORD_HEADER_BYTES,
      keysBytes: keysEnd - entriesEnd,
      valuesBytes: this.#end - keysEnd,
    };
    const bytes = this.#record.subarray(0, this.#end);
    sealRecord(bytes, head);
    return {
      ...head,
      bytes,
      entries: bytes.subarray(RECORD_HEADER_BYTES, entriesEnd),
      keys: bytes.subarray(entriesEnd, keysEnd),
      values: bytes.subarray(keysEnd),
      tiles,
      partials: edge.partials(),
      effects: this.#effects,
    };
  }

  acknowledge(): void {
    this.#resolves.forEach((resolve, i) => resolve(this.firstIndex + i));
  }

  reject(error: Error): void {
    for (const reject of this.#rejects) reject(error);
  }

  /** One blob for each vault key and file: encrypting costs the same for one entry as for ten. */
  #sealValues(vault: Vault, newKeys: Buffer[]): Buffer[] {
    const blobs: Buffer[] = [];
    for (let from = 0; from < this.count; ) {
      const first = this.firstIndex + from;
      const to = Math.min(this.count, from + VALUES_WIDTH - (first % VALUES_WIDTH));
      const texts = new Map<string, string>();
      for (let i = from; i < to; i++) {
        const text = this.#vaultTexts[i];
        if (!text) continue;
        const vaultKey = this.#vaultKeys[i] as string;
        const line = `${this.firstIndex + i}\t${text}\n`;
        texts.set(vaultKey, (texts.get(vaultKey) ?? '') + line);
      }
      for (const [vaultKey, text] of texts) blobs.push(vault.seal(vaultKey, first, text, newKeys));
      from = to;
    }
    return blobs;
  }

  #put(part: Buffer): void {
    this.#reserve(part.length);
    part.copy(this.#record, this.#end);
    this.#end += part.length;
  }

  #reserve(bytes: number): void {
    if (this.#end + bytes <= this.#record.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(2 * this.#record.length, this.#end + bytes));
    this.#record.copy(grown, 0, 0, this.#end);
    this.#record = grown;
  }
}
