import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { createDecipheriv, createHmac, hkdfSync } from 'node:crypto';
import { once } from 'node:events';
import {
  closeSync,
  copyFileSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { NewEntry } from './entry.ts';
import { openLedger } from './ledger.ts';
import { verifyLedger } from './verify.ts';

const origin = 'example.com/log';
const SUBJECT = 'subject:PLANTED-NAME';
const VALUE = 'PLANTED-VALUE-OF-A-PERSON';
const root = mkdtempSync(join(tmpdir(), 'proviso-erasure-'));
after(() => rmSync(root, { recursive: true }));
let folders = 0;
const newFolder = (): string => join(root, String(folders++));

const about = (vaultKey: string, value: string): NewEntry => ({
  kind: 'purpose',
  public: {},
  private: { value },
  vaultKey,
});

test('what is erased is nowhere in the store; the rest of the ledger is as it was', async () => {
  const dir = newFolder();
  const ledger = await openLedger({ dir, origin });
  const planted = await ledger.append(about(SUBJECT, VALUE));
  const other = await ledger.append(about('subject:other', 'stays'));
  await ledger.flush();
  const key = keyOf(dir, SUBJECT);
  const entry = await ledger.readEntry(planted);
  assert.deepEqual(await ledger.readPrivate(entry), { value: VALUE });
  // So that what follows can fail: the wrapped key is in its file and in the journal.
  assert.equal(filesWith(dir, key.wrapped).length, 2);

  // A removed file's bytes stay where they were; a descriptor of before still sees them.
  const held = filesWith(dir, key.wrapped).map((name) => openSync(join(dir, name), 'r'));

  const tombstone = await ledger.erase(SUBJECT, { reason: 'asked for' });
  for (const descriptor of held) {
    assert.ok(!readFileSync(descriptor).includes(key.wrapped));
    closeSync(descriptor);
  }
  for (const moment of ['running', 'closed', 'started again']) {
    for (const needle of [
      key.wrapped,
      key.raw,
      ...spellings(VALUE),
      ...spellings('PLANTED-NAME'),
    ]) {
      assert.deepEqual(filesWith(dir, needle), [], moment);
    }
    if (moment === 'running') await ledger.close();
    if (moment === 'closed') await (await openLedger({ dir, origin })).close();
  }

  const again = await openLedger({ dir, origin });
  assert.deepEqual(await again.readEntry(planted), entry);
  await assert.rejects(again.readPrivate(entry), { code: 'value_erased' });
  assert.deepEqual(await again.readPrivate(await again.readEntry(other)), { value: 'stays' });
  const said = await again.readEntry(tombstone);
  assert.deepEqual(Object.keys(said.public), ['generation', 'slot']);
  assert.deepEqual(await again.readPrivate(said), { reason: 'asked for' });
  const history = await Array.fromAsync(again.history(['purpose']));
  assert.deepEqual(
    history.map((one) => one.private),
    [undefined, { value: 'stays' }],
  );
  await assert.rejects(again.erase(SUBJECT), { code: 'not_found' });
  await assert.rejects(again.erase('subject:nobody'), { code: 'not_found' });

  const anew = await again.append(about(SUBJECT, 'new'));
  assert.deepEqual(await again.readPrivate(await again.readEntry(anew)), { value: 'new' });
  await again.close();
  assert.deepEqual((await verifyLedger(dir, again.verifierKey)).faults, []);
});

test('a key that is put back from a copy is destroyed at the next start, and no newer one', async () => {
  const dir = newFolder();
  const first = await openLedger({ dir, origin });
  const planted = await first.append(about(SUBJECT, VALUE));
  await first.close();
  const [name = ''] = readdirSync(join(dir, 'vault/keys'));
  const path = join(dir, 'vault/keys', name);
  const copy = `${path}.copy`;
  copyFileSync(path, copy);

  const second = await openLedger({ dir, origin });
  await second.erase(SUBJECT);
  await second.close();
  // Also as a crash between the two writes leaves it: emptied, with the old generation.
  const emptied = Buffer.concat([Buffer.from([0, 0, 0, 1]), Buffer.alloc(60)]);
  for (const left of [readFileSync(copy), emptied]) {
    writeFileSync(path, left);
    const ledger = await openLedger({ dir, origin });
    const entry = await ledger.readEntry(planted);
    await assert.rejects(ledger.readPrivate(entry), { code: 'value_erased' });
    await ledger.close();
    assert.deepEqual(
      readFileSync(path),
      Buffer.concat([Buffer.from([0, 0, 0, 2]), Buffer.alloc(60)]),
    );
  }
  const third = await openLedger({ dir, origin });
  const anew = await third.append(about(SUBJECT, 'new'));
  await third.close();
  const fourth = await openLedger({ dir, origin });
  assert.deepEqual(await fourth.readPrivate(await fourth.readEntry(anew)), { value: 'new' });
  await fourth.close();
});

const isLinux = process.platform === 'linux';

/** One that had the value itself may have it in freed memory: that is not promised. */
test('a process that erased what it never read has neither key nor value in its memory', {
  skip: isLinux ? false : 'memory of a process is read from /proc, which only Linux has',
  timeout: 60_000,
}, async () => {
  const dir = newFolder();
  const before = await openLedger({ dir, origin });
  await before.append(about(SUBJECT, VALUE));
  await before.close();
  const { raw } = keyOf(dir, SUBJECT);
  const child = spawn(
    process.execPath,
    ['--input-type=module', '-e', STORE, dir, origin, SUBJECT],
    {
      cwd: import.meta.dirname,
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  );
  try {
    // It has written another value for the same name, so it has the key.
    await said(child, 'written');
    assert.deepEqual(memoryHas(child, [raw]), [true]);
    child.stdin?.write('erase\n');
    await said(child, 'erased');
    assert.deepEqual(memoryHas(child, [raw, ...spellings(VALUE)]).includes(true), false);
  } finally {
    child.kill('SIGKILL');
  }
});

/** A process that has the store open, uses the key, and erases it when told. */
const STORE = `
  import { openLedger } from '#ledger/ledger.ts';
  const [dir, origin, vaultKey] = process.argv.slice(1);
  const ledger = await openLedger({ dir, origin });
  await ledger.append({ kind: 'purpose', public: {}, private: { value: 'of its own' }, vaultKey });
  process.stdin.once('data', async () => {
    await ledger.erase(vaultKey);
    console.log('erased');
  });
  console.log('written');
`;

/** As docs/spec/ledger.md says it, with nothing of ours. */
function keyOf(dir: string, name: string): { readonly wrapped: Buffer; readonly raw: Buffer } {
  const master = Buffer.from(readFileSync(join(dir, 'vault/master.key'), 'latin1'), 'base64');
  const derive = (info: string) => Buffer.from(hkdfSync('sha256', master, '', info, 32));
  const hmac = createHmac('sha256', derive('proviso vault: name data keys')).update(name);
  const slot = hmac.digest().subarray(0, 16);
  const file = readFileSync(join(dir, 'vault/keys', slot.toString('hex')));
  const wrapKey = derive('proviso vault: wrap data keys');
  const decipher = createDecipheriv('aes-256-gcm', wrapKey, file.subarray(4, 16));
  decipher.setAAD(Buffer.concat([slot, file.subarray(0, 4)]));
  decipher.setAuthTag(file.subarray(48));
  const wrapped = file.subarray(16, 48);
  return { wrapped, raw: Buffer.concat([decipher.update(wrapped), decipher.final()]) };
}

async function said(child: ChildProcess, word: string): Promise<void> {
  const [chunk] = (await once(child.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
  assert.equal(chunk.toString().trim(), word);
}

/** Everything that a process can write to: its heaps, stacks and buffers. */
function memoryHas({ pid }: ChildProcess, needles: readonly Buffer[]): boolean[] {
  const found = needles.map(() => false);
  const memory = openSync(`/proc/${pid}/mem`, 'r');
  let bytesRead = 0;
  try {
    for (const line of readFileSync(`/proc/${pid}/maps`, 'latin1').split('\n')) {
      const [, from = '', to = ''] = /^([0-9a-f]+)-([0-9a-f]+) rw/.exec(line) ?? [];
      if (from === '') continue;
      const start = Number.parseInt(from, 16);
      const region = Buffer.alloc(Number.parseInt(to, 16) - start);
      try {
        bytesRead += readSync(memory, region, 0, region.length, start);
      } catch {
        continue;
      }
      for (const [i, needle] of needles.entries()) found[i] ||= region.includes(needle);
    }
  } finally {
    closeSync(memory);
  }
  assert.ok(bytesRead > 10_000_000, 'too little memory was read to tell');
  return found;
}

/** In UTF-8, as V8 keeps wide strings, and as an entry would have it in base64, whatever its place. */
function spellings(text: string): Buffer[] {
  const inBase64 = ['', '.', '..'].map((shift) =>
    Buffer.from(shift + text)
      .toString('base64')
      .slice(4, -4),
  );
  return [text, ...inBase64]
    .map((spelling) => Buffer.from(spelling))
    .concat(Buffer.from(text, 'utf16le'));
}

function filesWith(dir: string, needle: Buffer): string[] {
  return readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .filter((name) => statSync(join(dir, name)).isFile())
    .filter((name) => readFileSync(join(dir, name)).includes(needle));
}
