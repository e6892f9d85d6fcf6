import assert from 'node:assert/strict';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { makeSignerKey, type NoteSigner, parseSignerKey } from '#base/note.ts';
import { signCheckpoint } from './checkpoint.ts';
import { encodeEntry, type NewEntry } from './entry.ts';
import { openLedger } from './ledger.ts';
import { encodeBundle, encodeTile, type Tile, TreeEdge, tilePath } from './tiles.ts';
import { leafHash } from './tree.ts';
import { type LedgerReport, verifyLedger } from './verify.ts';

const origin = 'example.com/log';
const root = mkdtempSync(join(tmpdir(), 'proviso-verify-'));
after(() => rmSync(root, { recursive: true }));
let folders = 0;
const newFolder = (): string => join(root, String(folders++));

const SIZE = 70_100;
const large = newFolder();
let verifierKey = '';

before(async () => {
  const ledger = await openLedger({ dir: large, origin });
  ({ verifierKey } = ledger);
  const pairs = async (): Promise<void> => {
    while (ledger.size < SIZE - 400) {
      const closes = await ledger.append({ kind: 'decision', public: { effect: 'permit' } });
      await ledger.append({ kind: 'outcome', closes, public: { outcome: 'answered' } });
    }
  };
  await Promise.all(Array.from({ length: 100 }, pairs));
  while (ledger.size < SIZE) await ledger.append({ kind: 'start', public: {} });
  await ledger.close();
});

test('a log of over 70,000 entries, with three levels of tiles, is sound', async () => {
  const progress: number[] = [];
  const report = await verifyLedger(large, verifierKey, {
    onProgress: (done) => progress.push(done),
  });
  assert.deepEqual(report.faults, []);
  assert.equal(report.size, SIZE);
  assert.equal(report.decisions, report.outcomes);
  assert.equal(progress.at(-1), SIZE);
  for (const tile of ['0/273.p/212', '1/001.p/17', '2/000.p/1']) {
    assert.ok(readFileSync(join(large, 'tile', tile)).length > 0, tile);
  }
});

/** What is done to a copy of the large log, and the fault that must be named. */
const damages: Readonly<
  Record<string, [damage: (dir: string) => void, problem: RegExp, entry?: number]>
> = {
  'a byte of an entry': [
    (dir) => edit(dir, 'tile/entries/100', (bytes) => replace(bytes, 'permit', 'denied')),
    /`tile\/entries\/100` has another entry 25600 than the log/,
    25_600,
  ],
  'a byte of one of the newest entries': [
    (dir) => edit(dir, 'tile/entries/273.p/212', (bytes) => replace(bytes, 'start', 'stop ')),
    /`tile\/entries\/273\.p\/212` has another entry \d+ than the log/,
  ],
  'a missing bundle': [
    (dir) => rmSync(join(dir, 'tile/entries/007')),
    /`tile\/entries\/007` is missing/,
    1792,
  ],
  'a cut bundle': [
    (dir) => edit(dir, 'tile/entries/007', (bytes) => bytes.subarray(0, -1)),
    /`tile\/entries\/007` does not hold exactly 256 entries/,
    1792,
  ],
  'a hash of a tile': [
    (dir) => edit(dir, 'tile/0/003', (bytes) => flip(bytes, 32 * 9)),
    /`tile\/0\/003` has other hashes than its entries, from number 9 on/,
    777,
  ],
  'a hash of an upper tile': [
    (dir) => edit(dir, 'tile/1/000', (bytes) => flip(bytes, 32 * 2)),
    /`tile\/1\/000` has other hashes/,
    512,
  ],
  'a hash of the top tile': [
    (dir) => edit(dir, 'tile/2/000.p/1', (bytes) => flip(bytes, 0)),
    /`tile\/2\/000\.p\/1` has other hashes/,
    0,
  ],
  'a missing tile': [
    (dir) => rmSync(join(dir, 'tile/1/001.p/17')),
    /`tile\/1\/001\.p\/17` is missing/,
  ],
  'an older partial tile': [
    (dir) => write(dir, 'tile/0/273.p/2', Buffer.alloc(64)),
    /`tile\/0\/273\.p\/2` has other hashes/,
  ],
  'an older partial bundle': [
    (dir) => write(dir, 'tile/entries/273.p/1', encodeBundle([Buffer.from('{}')])),
    /`tile\/entries\/273\.p\/1` has another entry 69888/,
    69_888,
  ],
  'a checkpoint of another key': [
    (dir) => {
      const signer = parseSignerKey(makeSignerKey(origin));
      write(dir, 'checkpoint', Buffer.from(signCheckpoint(1, leafHash(Buffer.of(1)), signer)));
    },
    /no known key signed it/,
  ],
  'no checkpoint': [(dir) => rmSync(join(dir, 'checkpoint')), /no checkpoint/],
  'a lock store that knows more': [
    (dir) => edit(dir, 'lock/head', () => Buffer.from('nonsense')),
    /`lock\/head` cannot be read/,
  ],
};

for (const [what, [damage, problem, entry]] of Object.entries(damages)) {
  test(`verification names ${what}`, async () => {
    const dir = newFolder();
    cpSync(large, dir, { recursive: true });
    damage(dir);
    const report = await verifyLedger(dir, verifierKey);
    assert.equal(report.isSound, false);
    const fault = report.faults.find((each) => problem.test(each.problem));
    assert.ok(fault, JSON.stringify(report.faults));
    if (entry !== undefined) assert.equal(fault.entry, entry);
    assert.ok(fault.file !== undefined);
    // One damage is not taken for many; an entry may also not be one any more.
    assert.ok(report.faults.length <= 2, JSON.stringify(report.faults));
    rmSync(dir, { recursive: true });
  });
}

test('with another key, nothing is verified', async () => {
  const other = parseSignerKey(makeSignerKey(origin)).verifier.text;
  assert.match(String((await verifyLedger(large, other)).faults[0]?.problem), /no known key/);
  await assert.rejects(verifyLedger(large, 'no key'), { code: 'note_invalid' });
});

/** A log whose hashes are all right and whose entries are not: only what they say is at fault. */
const wrongEntries: Readonly<Record<string, [entries: string[], problem: RegExp, entry: number]>> =
  {
    'an entry that is not canonical': [
      [json('start').replace('{', '{ ')],
      /Entry 0 is not canonical/,
      0,
    ],
    'an entry that is not JSON': [['text'], /Entry 0 is not JSON/, 0],
    'an entry of no kind': [[json('start').replace('start', 'St art')], /Entry 0 has no kind/, 0],
    'an entry with duplicate keys': [
      [json('start').replace('"public":{}', '"public":{"a":1,"a":1}')],
      /Entry 0 is not JSON/,
      0,
    ],
    'commitments out of order': [
      [json('start').replace(/\["([^"]*)","([^"]*)"/, '["$2","$1"')],
      /Entry 0 has malformed commitments/,
      0,
    ],
    'an entry older than the one before': [
      [json('start', {}, 5), json('start', {}, 4)],
      /Entry 1 is older/,
      1,
    ],
    'an outcome without a decision': [
      [json('outcome', { closes: 0 })],
      /Entry 0 is an outcome of 0/,
      0,
    ],
    'an outcome of nothing': [[json('outcome')], /Entry 0 is an outcome of nothing/, 0],
    'an outcome of an entry that is no decision': [
      [json('start'), json('outcome', { closes: 0 })],
      /Entry 1 is an outcome of 0/,
      1,
    ],
    'a second outcome': [
      [json('decision'), json('outcome', { closes: 0 }), json('outcome', { closes: 0 })],
      /Entry 2 is an outcome of 0/,
      2,
    ],
    'a decision that closes': [[json('decision', { closes: 0 })], /Entry 0 is no outcome/, 0],
  };

for (const [what, [entries, problem, entry]] of Object.entries(wrongEntries)) {
  test(`verification names ${what}`, async () => {
    const report = await verifyMade(entries.map((each) => Buffer.from(each)));
    assert.match(report.faults.map((fault) => fault.problem).join(), problem);
    assert.equal(report.faults[0]?.entry, entry);
    assert.equal(report.faults.length, 1);
  });
}

test('open decisions are listed, and are no fault', async () => {
  const entries = [json('decision'), json('decision'), json('outcome', { closes: 0 })];
  const report = await verifyMade(entries.map((each) => Buffer.from(each)));
  assert.deepEqual([report.isSound, report.openDecisions], [true, [1]]);
});

test('a root that is signed and is not that of the entries is named', async () => {
  const report = await verifyMade([Buffer.from(json('start'))], leafHash(Buffer.from('other')));
  assert.match(String(report.faults[0]?.problem), /do not have the root that is signed/);
});

test('a partial tile may have gone where the full one is there', async () => {
  const dir = newFolder();
  const bytes = Array.from({ length: 256 }, () => Buffer.from(json('start')));
  const signer = make(dir, bytes);
  const behind = new TreeEdge();
  for (const each of bytes.slice(0, 200)) behind.append(leafHash(each), () => {});
  write(dir, 'checkpoint', Buffer.from(signCheckpoint(200, behind.root(), signer)));
  assert.deepEqual((await verifyLedger(dir, signer.verifier.text)).faults, []);
  renameSync(join(dir, 'tile/0/000'), join(dir, 'tile/0/gone'));
  assert.equal((await verifyLedger(dir, signer.verifier.text)).isSound, false);
});

function json(kind: string, members: Partial<NewEntry> = {}, at = 5): string {
  return encodeEntry({ kind, public: {}, ...members } as NewEntry, at).json;
}
async function verifyMade(bytes: readonly Buffer[], signedRoot?: string): Promise<LedgerReport> {
  const dir = newFolder();
  return verifyLedger(dir, make(dir, bytes, signedRoot).verifier.text);
}

function make(dir: string, bytes: readonly Buffer[], signedRoot?: string): NoteSigner {
  const edge = new TreeEdge();
  const tiles: Tile[] = [];
  for (const each of bytes) edge.append(leafHash(each), (tile) => tiles.push(tile));
  for (const tile of [...tiles, ...edge.partials()]) {
    write(dir, tilePath(tile.level, tile.n, tile.width), encodeTile(tile));
  }
  write(dir, tilePath('entries', 0, bytes.length), encodeBundle(bytes));
  const signer = parseSignerKey(makeSignerKey(origin));
  const checkpoint = signCheckpoint(bytes.length, signedRoot ?? edge.root(), signer);
  write(dir, 'checkpoint', Buffer.from(checkpoint));
  return signer;
}

function write(dir: string, name: string, bytes: Buffer): void {
  mkdirSync(dirname(join(dir, name)), { recursive: true });
  writeFileSync(join(dir, name), bytes);
}

function edit(dir: string, name: string, change: (bytes: Buffer) => Buffer): void {
  writeFileSync(join(dir, name), change(readFileSync(join(dir, name))));
}

function flip(bytes: Buffer, at: number): Buffer {
  bytes[at] = (bytes[at] as number) ^ 1;
  return bytes;
}

function replace(bytes: Buffer, from: string, to: string): Buffer {
  return Buffer.from(bytes.toString('latin1').replace(from, to), 'latin1');
}
