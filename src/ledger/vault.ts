/**
 * The vault: private values, encrypted for each subject or purpose (the *vault key*, a name). A
 * name's data key is wrapped by the master key; destroying the data key erases all its values
 * (`erasure.ts`).
 *
 *   vault/master.key            base64 of 32 bytes, unless the master key is given otherwise
 *   vault/keys/<slot, hex>      generation[4] ‖ nonce[12] ‖ data key, encrypted [32] ‖ tag[16];
 *                               of an erased one the next generation[4], then zeros
 *   vault/values/<tile name>    see `values.ts`
 *
 *   slot   HMAC-SHA-256(name key, vault key)[:16], so that no name stands on disk: INVARIANT (9)
 */
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  hkdfSync,
  randomFillSync,
} from 'node:crypto';
import { ProvisoError } from '#base/errors.ts';
import { writeUint64 } from './journal.ts';
import { BLOB_TEXT_AT, type Blob, TAG_BYTES } from './values.ts';

const NONCE_BYTES = 12;
const SLOT_BYTES = 16;
const KEY_BYTES = 32;
const TOKEN_BYTES = 16;
const NONCES_BYTES = 256 * NONCE_BYTES;
export const KEY_FILE_BYTES = 4 + NONCE_BYTES + KEY_BYTES + TAG_BYTES;
/** A wrapped key in the journal: its slot, then its file. */
export const KEY_RECORD_BYTES = SLOT_BYTES + KEY_FILE_BYTES;

interface DataKey {
  readonly slot: Buffer;
  readonly generation: number;
  /** In memory of its own, which is overwritten when the key is erased or put aside. */
  readonly key: Buffer;
}

/** A data key made for values that are about to be written, to be written with them. */
export interface NewKey {
  readonly path: string;
  readonly file: Buffer;
}

export class Vault {
  readonly #readFile: (path: string) => Buffer | undefined;
  readonly #keysCachedMax: number;
  readonly #wrapKey: Buffer;
  readonly #nameKey: Buffer;
  readonly #nonces = Buffer.alloc(NONCES_BYTES);
  #noncesAt = NONCES_BYTES;
  readonly #keys = new Map<string, DataKey>();
  /** Wrapped keys that are not in their own file yet. */
  readonly #unpublished = new Map<string, Buffer>();

  /** @param readFile a file below the ledger's folder, `undefined` where there is none */
  constructor(
    masterKey: Uint8Array,
    readFile: (path: string) => Buffer | undefined,
    keysCachedMax: number,
  ) {
    this.#readFile = readFile;
    this.#keysCachedMax = keysCachedMax;
    this.#wrapKey = derive(masterKey, 'proviso vault: wrap data keys');
    this.#nameKey = derive(masterKey, 'proviso vault: name data keys');
  }

  /**
   * Encrypts the text of entries that belong to one vault key, one batch and one file of values.
   * @param newKeys is given the wrapped key's record when this name had none yet
   */
  seal(vaultKey: string, firstIndex: number, text: string, newKeys: Buffer[]): Buffer {
    const dataKey = this.#keyToWrite(vaultKey, newKeys);
    const head = Buffer.alloc(BLOB_TEXT_AT);
    writeUint64(head, firstIndex, 4);
    dataKey.slot.copy(head, 12);
    head.writeUInt32BE(dataKey.generation, 28);
    const nonce = head.subarray(32, BLOB_TEXT_AT);
    this.#nextNonce().copy(nonce);
    const cipher = createCipheriv('aes-256-gcm', dataKey.key, nonce);
    cipher.setAAD(head.subarray(4, 32));
    const sealed = cipher.update(text, 'utf8');
    cipher.final();
    const blob = Buffer.concat([head, sealed, cipher.getAuthTag()]);
    blob.writeUInt32BE(blob.length - 4, 0);
    return blob;
  }

  /**
   * The text of a blob.
   * @throws `value_erased` when its key was erased, `vault_unreadable` when it is not there or is
   *   not the one at hand
   */
  open(blob: Blob): string {
    const { bytes } = blob;
    const slot = bytes.subarray(12, 28);
    const generation = bytes.readUInt32BE(28);
    const state = this.keyState(slot);
    if (state === undefined) throw unreadable(blob, `their key \`${keyPath(slot)}\` is missing`);
    if (generation < state.generation) throw erased(blob);
    const dataKey = this.#storedKey(slot);
    if (dataKey?.generation !== generation) throw unreadable(blob, 'their key is an older one');
    const end = bytes.length - TAG_BYTES;
    try {
      const decipher = createDecipheriv('aes-256-gcm', dataKey.key, bytes.subarray(32, 44));
      decipher.setAAD(bytes.subarray(4, 32));
      decipher.setAuthTag(bytes.subarray(end));
      return (
        decipher.update(bytes.subarray(BLOB_TEXT_AT, end), undefined, 'utf8') +
        decipher.final('utf8')
      );
    } catch (cause) {
      throw unreadable(blob, 'they do not decrypt with the master key at hand', cause);
    } finally {
      dataKey.key.fill(0);
    }
  }

  /** Where the key of a name is, which says nothing of the name. */
  slotOf(vaultKey: string): Buffer {
    return createHmac('sha256', this.#nameKey).update(vaultKey).digest().subarray(0, SLOT_BYTES);
  }

  /** `undefined` where no value was ever encrypted for the name. */
  keyState(slot: Buffer): KeyState | undefined {
    const file = this.#keyFile(slot);
    return file && keyStateOf(file);
  }

  /**
   * A word for a text: the same each time, of which nobody learns the text, and which nobody can
   * make once the key is erased. So what is indexed by it is erased with the values themselves.
   * @returns 32 hex digits; `undefined` where there is no key, or where it was erased
   */
  tokenOf(slot: Buffer, text: string): string | undefined {
    const dataKey = this.#storedKey(slot);
    if (!dataKey) return undefined;
    const key = derive(dataKey.key, 'proviso vault: tokens');
    dataKey.key.fill(0);
    return createHmac('sha256', key)
      .update(text)
      .digest('hex')
      .slice(0, 2 * TOKEN_BYTES);
  }

  /** Takes a name's key out of memory. */
  forget(vaultKey: string): void {
    this.#keys.get(vaultKey)?.key.fill(0);
    this.#keys.delete(vaultKey);
  }

  /** Says that a key record from `seal` is in its own file now. */
  keyPublished(record: Buffer): void {
    this.#unpublished.delete(record.toString('hex', 0, SLOT_BYTES));
  }

  /** Drawn from the system for many at once, each used once. */
  #nextNonce(): Buffer {
    if (this.#noncesAt === NONCES_BYTES) {
      randomFillSync(this.#nonces);
      this.#noncesAt = 0;
    }
    this.#noncesAt += NONCE_BYTES;
    return this.#nonces.subarray(this.#noncesAt - NONCE_BYTES, this.#noncesAt);
  }

  #keyToWrite(vaultKey: string, newKeys: Buffer[]): DataKey {
    const cached = this.#keys.get(vaultKey);
    if (cached) return cached;
    const slot = this.slotOf(vaultKey);
    let dataKey = this.#storedKey(slot);
    if (!dataKey) {
      const generation = this.keyState(slot)?.generation ?? 1;
      const key = randomFillSync(Buffer.allocUnsafeSlow(KEY_BYTES));
      const record = Buffer.concat([slot, this.#wrap(slot, generation, key)]);
      newKeys.push(record);
      this.#unpublished.set(slot.toString('hex'), record.subarray(SLOT_BYTES));
      dataKey = { slot, generation, key };
    }
    if (this.#keys.size >= this.#keysCachedMax) {
      // The oldest name; a key that is needed again is read again.
      this.forget(this.#keys.keys().next().value as string);
    }
    this.#keys.set(vaultKey, dataKey);
    return dataKey;
  }

  /** `undefined` where there is none, or where it was erased. */
  #storedKey(slot: Buffer): DataKey | undefined {
    const file = this.#keyFile(slot);
    if (!file || keyStateOf(file).isErased) return undefined;
    const decipher = createDecipheriv('aes-256-gcm', this.#wrapKey, file.subarray(4, 16));
    decipher.setAAD(Buffer.concat([slot, file.subarray(0, 4)]));
    decipher.setAuthTag(file.subarray(-TAG_BYTES));
    try {
      const opened = decipher.update(file.subarray(16, 48));
      decipher.final();
      const key = Buffer.allocUnsafeSlow(KEY_BYTES);
      opened.copy(key);
      opened.fill(0);
      return { slot, generation: file.readUInt32BE(0), key };
    } catch (cause) {
      throw new ProvisoError('vault_unreadable', 'The master key does not open the vault.', {
        cause,
      });
    }
  }

  #keyFile(slot: Buffer): Buffer | undefined {
    return this.#unpublished.get(slot.toString('hex')) ?? this.#readFile(keyPath(slot));
  }

  #wrap(slot: Buffer, generation: number, key: Buffer): Buffer {
    const head = Buffer.alloc(4 + NONCE_BYTES);
    head.writeUInt32BE(generation, 0);
    const nonce = randomFillSync(head.subarray(4));
    const cipher = createCipheriv('aes-256-gcm', this.#wrapKey, nonce);
    cipher.setAAD(Buffer.concat([slot, head.subarray(0, 4)]));
    return Buffer.concat([head, cipher.update(key), cipher.final(), cipher.getAuthTag()]);
  }
}

/** What a key's file says, to anyone. */
export interface KeyState {
  /** Of the key in it; where it was erased, of the next one. */
  readonly generation: number;
  readonly isErased: boolean;
}

export function keyStateOf(file: Buffer): KeyState {
  const isWhole = file.length === KEY_FILE_BYTES;
  const isErased = !isWhole || file.subarray(4).every((byte) => byte === 0);
  return { generation: file.readUInt32BE(0), isErased };
}

export function splitKeys(records: Buffer): Buffer[] {
  const split: Buffer[] = [];
  for (let at = 0; at < records.length; at += KEY_RECORD_BYTES) {
    split.push(records.subarray(at, at + KEY_RECORD_BYTES));
  }
  return split;
}

/** The file that a key record becomes. */
export function keyFileOf(record: Buffer): NewKey {
  return { path: keyPath(record.subarray(0, SLOT_BYTES)), file: record.subarray(SLOT_BYTES) };
}

/** Below the ledger's folder. */
export function keyPath(slot: Buffer): string {
  return `vault/keys/${slot.toString('hex')}`;
}

function derive(masterKey: Uint8Array, use: string): Buffer {
  return Buffer.from(hkdfSync('sha256', masterKey, '', use, 32));
}

function erased({ firstIndex }: Blob): ProvisoError {
  return new ProvisoError(
    'value_erased',
    `Private values of entry ${firstIndex} and after were erased: their key was destroyed.`,
    { at: `entry ${firstIndex}` },
  );
}

function unreadable(blob: Blob, problem: string, cause?: unknown): ProvisoError {
  return new ProvisoError(
    'vault_unreadable',
    `Private values of entry ${blob.firstIndex} and after cannot be read: ${problem}.`,
    {
      at: `entry ${blob.firstIndex}`,
      cause,
    },
  );
}
