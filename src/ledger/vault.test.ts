import assert from 'node:assert/strict';
import { createDecipheriv, createHmac, hkdfSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { type Blob, findBlobs, splitBlobs, textsOf } from './values.ts';
import { keyFileOf, splitKeys, Vault } from './vault.ts';

const MASTER = Buffer.alloc(32, 1);
const dir = mkdtempSync(join(tmpdir(), 'proviso-vault-'));
after(() => rmSync(dir, { recursive: true }));

/** A vault whose key files are in memory. */
function vaultOn(files: Map<string, Buffer>, masterKey = MASTER): Vault {
  return new Vault(masterKey, (path) => files.get(path), 2);
}

function publish(files: Map<string, Buffer>, vault: Vault, records: readonly Buffer[]): void {
  for (const record of splitKeys(Buffer.concat(records))) {
    const { path, file } = keyFileOf(record);
    files.set(path, file);
    vault.keyPublished(record);
  }
}

function blobOf(bytes: Buffer): Blob {
  return splitBlobs(bytes)[0] as Blob;
}

test('a blob and its key open as docs/spec/ledger.md says, with nothing of ours', () => {
  const files = new Map<string, Buffer>();
  const vault = vaultOn(files);
  const keys: Buffer[] = [];
  const blob = vault.seal('purpose:a', 258, '258\t["salt","name","value"]\n', keys);
  publish(files, vault, keys);

  const derive = (info: string) => Buffer.from(hkdfSync('sha256', MASTER, '', info, 32));
  const slot = createHmac('sha256', derive('proviso vault: name data keys'))
    .update('purpose:a')
    .digest()
    .subarray(0, 16);
  const file = files.get(`vault/keys/${slot.toString('hex')}`) as Buffer;
  const open = (key: Buffer, nonce: Buffer, aad: Buffer, sealed: Buffer): Buffer => {
    const decipher = createDecipheriv('aes-256-gcm', key, nonce).setAAD(aad);
    decipher.setAuthTag(sealed.subarray(-16));
    return Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()]);
  };
  const wrapAad = Buffer.concat([slot, file.subarray(0, 4)]);
  const wrapKey = derive('proviso vault: wrap data keys');
  const dataKey = open(wrapKey, file.subarray(4, 16), wrapAad, file.subarray(16));
  assert.equal(file.readUInt32BE(0), 1);
  assert.equal(blob.readUInt32BE(0), blob.length - 4);
  assert.equal(blob.readBigUInt64BE(4), 258n);
  assert.ok(blob.subarray(12, 28).equals(slot));
  const text = open(dataKey, blob.subarray(32, 44), blob.subarray(4, 32), blob.subarray(44));
  assert.equal(text.toString(), '258\t["salt","name","value"]\n');
});

test('a name has one data key, before and after it is in its file', () => {
  const files = new Map<string, Buffer>();
  const vault = vaultOn(files);
  const keys: Buffer[] = [];
  const blobs = [vault.seal('a', 0, 'one', keys), vault.seal('a', 1, 'two', keys)];
  assert.equal(keys.length, 1);
  assert.equal(vault.open(blobOf(blobs[0] as Buffer)), 'one');
  publish(files, vault, keys);
  const next = vaultOn(files);
  blobs.push(next.seal('a', 2, 'three', keys));
  assert.equal(keys.length, 1);
  const texts = splitBlobs(Buffer.concat(blobs)).map((blob) => next.open(blob));
  assert.deepEqual(texts, ['one', 'two', 'three']);
});

test('more names than are kept in memory keep their keys', () => {
  const files = new Map<string, Buffer>();
  const vault = vaultOn(files);
  const keys: Buffer[] = [];
  for (const name of ['a', 'b', 'c', 'd', 'a', 'b', 'c', 'd']) vault.seal(name, 0, name, keys);
  assert.equal(keys.length, 4);
});

test('values whose key was erased are gone, and new ones get a key of the next generation', () => {
  const files = new Map<string, Buffer>();
  const vault = vaultOn(files);
  const keys: Buffer[] = [];
  const old = blobOf(vault.seal('a', 0, 'old', keys));
  publish(files, vault, keys);
  const [path] = [...files.keys()];
  files.set(path as string, Buffer.concat([Buffer.from([0, 0, 0, 2]), Buffer.alloc(60)]));

  const next = vaultOn(files);
  assert.throws(() => next.open(old), { code: 'value_erased' });
  const fresh = blobOf(next.seal('a', 1, 'new', keys));
  assert.equal(next.open(fresh), 'new');
  assert.throws(() => next.open(old), { code: 'value_erased' });
  files.delete(path as string);
  assert.throws(() => vaultOn(files).open(old), { code: 'vault_unreadable' });
});

test('a blob that was changed, and a wrong master key, open nothing', () => {
  const files = new Map<string, Buffer>();
  const vault = vaultOn(files);
  const keys: Buffer[] = [];
  const bytes = vault.seal('a', 0, 'text', keys);
  publish(files, vault, keys);
  for (const at of [5, 28, 33, 45, bytes.length - 1]) {
    const changed = Buffer.from(bytes);
    changed[at] = (changed[at] as number) ^ 1;
    assert.throws(() => vault.open({ firstIndex: 0, bytes: changed }), {
      code: 'vault_unreadable',
    });
  }
  const other = vaultOn(files, Buffer.alloc(32, 2));
  assert.throws(() => other.open(blobOf(bytes)), { code: 'vault_unreadable' });
});

test('in a file of many batches, the blobs of an entry’s batch are found', async () => {
  const path = join(dir, 'values');
  const vault = vaultOn(new Map());
  const parts: Buffer[] = [];
  for (let first = 0; first < 4000; first += 4) {
    // Two vault keys in each batch, one with much text now and then.
    const long = first % 100 === 0 ? 'x'.repeat(100_000) : '';
    parts.push(vault.seal('a', first, `${first}\t["a"]\n${first + 2}\t["${long}"]\n`, []));
    parts.push(vault.seal('b', first, `${first + 1}\t["b","${first}"]\n`, []));
  }
  writeFileSync(path, Buffer.concat([...parts, Buffer.from('torn')]));
  for (const first of [0, 4, 100, 104, 2000, 3996]) {
    const blobs = await findBlobs(path, first + 1);
    const texts = blobs.map((blob) => textsOf(vault.open(blob), first + 1));
    assert.deepEqual(texts, [undefined, [`["b","${first}"]`]], String(first));
    assert.deepEqual(await findBlobs(path, first + 3), blobs);
  }
  assert.deepEqual(await findBlobs(join(dir, 'none'), 0), []);
});
