import assert from 'node:assert/strict';
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { ProvisoError } from '#base/errors.ts';
import { LEDGER_LIMITS } from '#base/limits.ts';
import { openNote } from '#base/note.ts';
import type { Algorithm } from '#base/note-key.ts';
import { parseLogKey } from './cosignature.ts';
import type { NewEntry } from './entry.ts';
import { type Ledger, openLedger } from './ledger.ts';
import { verifyLedger } from './verify.ts';

const origin = 'example.com/log';
const root = mkdtempSync(join(tmpdir(), 'proviso-ledger-'));
after(() => rmSync(root, { recursive: true }));
let folders = 0;
const newFolder = (): string => join(root, String(folders++));

const decision: NewEntry = { kind: 'decision', public: { effect: 'permit' } };
const outcome = (closes: number): NewEntry => {
  return { kind: 'outcome', closes, public: { outcome: 'answered' } };
};

test('checkpoints are signed with ML-DSA-44 too where it is asked for, from then on', async () => {
  const dir = newFolder();
  const first = await openLedger({ dir, origin });
  await first.append(decision);
  await first.close();
  assert.equal(first.verifiers.length, 1);
  assert.ok(!existsSync(join(dir, 'keys/ledger-ml-dsa-44.key')));

  const signatures: readonly Algorithm[] = ['ed25519', 'ml-dsa-44'];
  for (let start = 0; start < 2; start++) {
    const ledger = await openLedger({ dir, origin, signatures });
    await ledger.close();
    const note = readFileSync(join(dir, 'checkpoint'));
    assert.equal(note.toString(), ledger.checkpoint);
    const keys = ['ledger', 'ledger-ml-dsa-44'].map((name) =>
      parseLogKey(readFileSync(join(dir, `keys/${name}.pub`), 'utf8').trim()),
    );
    assert.deepEqual(
      ledger.verifiers.map(({ text }) => text),
      keys.map(({ text }) => text),
    );
    assert.equal(openNote(note, keys).signatures.length, 2);
    const { faults } = await verifyLedger(dir, first.verifierKey);
    assert.deepEqual(faults, [], 'who knows the first key alone reads it as before');
  }
  assert.equal(statSync(join(dir, 'keys/ledger-ml-dsa-44.key')).mode & 0o777, 0o600);

  rmSync(join(dir, 'keys/ledger-ml-dsa-44.key'));
  await assert.rejects(openLedger({ dir, origin, signatures }), { code: 'ledger_corrupt' });
  const long = `example.com/${'l'.repeat(250)}`;
  await assert.rejects(openLedger({ dir: newFolder(), origin: long, signatures }), {
    code: 'config_invalid',
  });
});

test('decisions are refused while somebody says so, and nothing else is', async () => {
  const ledger = await openLedger({ dir: newFolder(), origin });
  const index = await ledger.append(decision);
  const refusal = new ProvisoError('witnesses_away', 'No.');
  ledger.refuseDecisions(refusal);
  await assert.rejects(ledger.append(decision), refusal);
  assert.equal(ledger.refusal, refusal);
  assert.equal(await ledger.append(outcome(index)), 1);
  assert.equal(await ledger.append({ kind: 'stop', public: {} }), 2);
  ledger.refuseDecisions(undefined);
  assert.equal(await ledger.append(decision), 3);
  await ledger.close();
});

test('entries get their numbers in order, and read back as they were', async () => {
  const dir = newFolder();
  const ledger = await openLedger({ dir, origin, clock: { now: () => 1_760_000_000_000 } });
  const facts = { b: [1, { d: null, c: 'ü' }], a: true };
  const numbers = await Promise.all([
    ledger.append({ ...decision, public: facts, private: { text: 'private\t\n', n: 4 } }),
    ledger.append(decision),
  ]);
  assert.deepEqual(numbers, [0, 1]);
  assert.equal(await ledger.append(outcome(0)), 2);
  const entry = await ledger.readEntry(0);
  assert.deepEqual(
    { ...entry, digests: entry.digests.length },
    {
      index: 0,
      kind: 'decision',
      at: 1_760_000_000_000,
      public: facts,
      digests: 4,
    },
  );
  assert.deepEqual(await ledger.readPrivate(entry), { text: 'private\t\n', n: 4 });
  assert.deepEqual(await ledger.readPrivate(await ledger.readEntry(1)), {});
  assert.equal((await ledger.readEntry(2)).closes, 0);
  await assert.rejects(ledger.readEntry(3), { code: 'not_found' });
  assert.deepEqual(ledger.openDecisions(), [1]);
  await ledger.close();
  await assert.rejects(ledger.append(decision), { code: 'ledger_unavailable' });
});

/** INVARIANT (3). */
test('an append resolves only when record and lock store are on disk', async () => {
  const dir = newFolder();
  const ledger = await openLedger({ dir, origin });
  await ledger.append(decision);
  const copy = newFolder();
  cpSync(dir, copy, { recursive: true });
  await ledger.close();
  const report = await verifyLedger(copy, ledger.verifierKey);
  assert.deepEqual([report.isSound, report.size, report.unpublished], [true, 0, 1]);
  assert.match(readFileSync(join(copy, 'lock/head'), 'latin1'), /^proviso-lock\/v1\n\d+\n1\n/m);
});

/** INVARIANT (4). */
test('a decision gets one outcome, by its caller or at the next start', async () => {
  const dir = newFolder();
  const ledger = await openLedger({ dir, origin });
  const closed = await ledger.append(decision);
  const left = await ledger.append(decision);
  await ledger.append(outcome(closed));
  await assert.rejects(ledger.append(outcome(closed)), { code: 'internal' });
  await assert.rejects(ledger.append(outcome(7)), { code: 'internal' });
  await assert.rejects(ledger.append({ kind: 'outcome', public: {} }), { code: 'internal' });
  await assert.rejects(ledger.append({ ...decision, closes: left }), { code: 'internal' });
  await ledger.close();
  assert.deepEqual((await verifyLedger(dir, ledger.verifierKey)).openDecisions, [left]);

  const next = await openLedger({ dir, origin });
  assert.deepEqual(next.recovered, [left]);
  assert.deepEqual(next.openDecisions(), []);
  const last = await next.readEntry(next.size - 1);
  assert.deepEqual([last.kind, last.closes, last.public], ['outcome', left, { outcome: 'lost' }]);
  await next.close();
});

/** INVARIANT (9). */
test('no private value and no name of a vault key is on disk in clear', async () => {
  const dir = newFolder();
  const ledger = await openLedger({ dir, origin });
  const hidden = { person: 'PLANTED-VALUE', list: ['PLANTED-VALUE'] };
  await ledger.append({ ...decision, private: hidden, vaultKey: 'subject:PLANTED-NAME' });
  const searched = ['journal', 'published'].map(() => newFolder());
  cpSync(dir, searched[0] as string, { recursive: true });
  await ledger.close();
  cpSync(dir, searched[1] as string, { recursive: true });
  for (const folder of searched) {
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .map((name) => join(folder, name))
      .filter((path) => statSync(path).isFile());
    assert.ok(files.length > 5);
    for (const path of files) {
      const bytes = readFileSync(path, 'latin1');
      for (const planted of ['PLANTED', Buffer.from('"PLANTED').toString('base64').slice(1, 9)]) {
        assert.ok(!bytes.includes(planted), path);
      }
    }
  }
});

test('secret files are for their owner only', async () => {
  const dir = newFolder();
  await (await openLedger({ dir, origin })).close();
  for (const name of ['keys/ledger.key', 'vault/master.key']) {
    assert.equal(statSync(join(dir, name)).mode & 0o777, 0o600, name);
  }
});

/** INVARIANT (13). */
test('a projection that is deleted or damaged is built anew from the log', async () => {
  const dir = newFolder();
  const ledger = await openLedger({ dir, origin });
  for (let i = 0; i < 300; i++)
    await ledger.append({ kind: 'key', public: { i }, private: { k: i } });
  const open = await ledger.append(decision);
  await ledger.close();
  const states = [
    () => rmSync(join(dir, 'state.sqlite')),
    () => writeFileSync(join(dir, 'state.sqlite'), 'no database'),
    () => undefined,
  ];
  for (const [round, damage] of states.entries()) {
    damage();
    const next = await openLedger({ dir, origin });
    assert.deepEqual(next.recovered, round === 0 ? [open] : []);
    const keys = await Array.fromAsync(next.history(['key', 'purpose']));
    assert.deepEqual(
      keys.map((key) => key.public['i']),
      Array.from({ length: 300 }, (_, i) => i),
    );
    assert.deepEqual(keys.at(-1)?.private, { k: 299 });
    await next.close();
  }
});

test('an entry that does not fit is refused, and the log goes on', async () => {
  const ledger = await openLedger({ dir: newFolder(), origin });
  const large: NewEntry = { kind: 'start', public: { text: 'x'.repeat(65_500) } };
  await assert.rejects(ledger.append(large), { code: 'entry_too_large' });
  const unclean: NewEntry = { kind: 'start', public: { text: 'half a character: \ud800' } };
  await assert.rejects(ledger.append(unclean), { code: 'invalid_json' });
  assert.equal(await ledger.append({ kind: 'start', public: {} }), 0);
  await ledger.append({ kind: 'start', public: {}, private: { large: 'x'.repeat(200_000) } });
  assert.equal((await ledger.readPrivate(await ledger.readEntry(1)))['large'], 'x'.repeat(200_000));
  await ledger.close();
});

test('the time of entries never runs back, whatever the clock does', async () => {
  const dir = newFolder();
  let now = 1_760_000_000_000;
  const ledger = await openLedger({ dir, origin, clock: { now: () => now } });
  await ledger.append(decision);
  now -= 60_000;
  await ledger.append(outcome(0));
  assert.equal((await ledger.readEntry(1)).at, 1_760_000_000_000);
  await ledger.close();
  const clock = { now: () => now };
  await assert.rejects(openLedger({ dir, origin, clock }), { code: 'clock_ran_back' });
  now = 1_760_000_000_000 - 900;
  await (await openLedger({ dir, origin, clock })).close();
});

test('a master key from outside opens its own vault and no other', async () => {
  const dir = newFolder();
  const masterKey = Buffer.alloc(32, 7);
  const ledger = await openLedger({ dir, origin, masterKey });
  await ledger.append({ kind: 'key', public: {}, private: { a: 1 }, vaultKey: 'k' });
  await ledger.close();
  assert.ok(!existsSync(join(dir, 'vault/master.key')));
  const other = openLedger({ dir, origin, masterKey: Buffer.alloc(32, 8) });
  await assert.rejects(other, { code: 'vault_unreadable' });
  const same = await openLedger({ dir, origin, masterKey });
  assert.deepEqual(await same.readPrivate(await same.readEntry(0)), { a: 1 });
  await same.close();
});

/** A log of two publications and a journal tail, as a crash leaves it; the lock store apart. */
async function crashed(): Promise<Omit<Tampered, 'journal'>> {
  const [live, lockDir, dir] = [newFolder(), newFolder(), newFolder()];
  const [older, olderLock, newestLock] = [newFolder(), newFolder(), newFolder()];
  const first = await openLedger({ dir: live, origin, lockDir });
  await appendPairs(first, 300);
  await first.close();
  cpSync(live, older, { recursive: true });
  cpSync(lockDir, olderLock, { recursive: true });
  const limits = { ...LEDGER_LIMITS, publishMs: 1e6 };
  const ledger = await openLedger({ dir: live, origin, lockDir, limits });
  await appendPairs(ledger, 20);
  await ledger.flush();
  for (let i = 0; i < 3; i++) await ledger.append(decision);
  cpSync(live, dir, { recursive: true });
  cpSync(lockDir, newestLock, { recursive: true });
  await ledger.close();
  return { dir, lockDir: newestLock, older, olderLock };
}

async function appendPairs(ledger: Ledger, count: number): Promise<void> {
  const pair = async () => ledger.append(outcome(await ledger.append(decision)));
  await Promise.all(Array.from({ length: count }, pair));
}

test('what a crash leaves opens again', async () => {
  const { dir, lockDir } = await crashed();
  const ledger = await openLedger({ dir, origin, lockDir });
  assert.equal(ledger.recovered.length, 3);
  assert.equal(ledger.size, 646);
  await ledger.close();
  assert.deepEqual((await verifyLedger(dir, ledger.verifierKey)).faults, []);
});

/** INVARIANT (8): what no crash leaves is found at the start, and named. */
const tampered: Readonly<Record<string, [code: string, (parts: Tampered) => void]>> = {
  'the folder was put back from an older copy': [
    'ledger_corrupt',
    ({ dir, older }) => put(older, dir),
  ],
  'the lock store was put back from an older copy': [
    'ledger_ahead',
    ({ lockDir, olderLock }) => put(olderLock, lockDir),
  ],
  'the lock store is empty': ['ledger_ahead', ({ lockDir }) => rmSync(join(lockDir, 'head'))],
  'the journal is gone': ['ledger_corrupt', ({ journal }) => rmSync(journal)],
  'the journal is cut': [
    'ledger_corrupt',
    ({ journal }) => truncateSync(journal, writtenBytes(journal) - 1),
  ],
  'a byte of the journal is another': [
    'ledger_corrupt',
    ({ journal }) => flip(journal, writtenBytes(journal) - 50),
  ],
  'a tile is another': ['ledger_corrupt', ({ dir }) => flip(join(dir, 'tile/0/002.p/128'), 5)],
  'an upper tile is another': ['ledger_corrupt', ({ dir }) => flip(join(dir, 'tile/1/000.p/2'), 5)],
  'a tile is gone': ['ledger_corrupt', ({ dir }) => rmSync(join(dir, 'tile/0/002.p/128'))],
  'a bundle is another': [
    'ledger_corrupt',
    ({ dir }) => flip(join(dir, 'tile/entries/002.p/128'), 400),
  ],
  'the checkpoint is another': ['note_invalid', ({ dir }) => flip(join(dir, 'checkpoint'), 16)],
  'the checkpoint is gone': ['ledger_corrupt', ({ dir }) => rmSync(join(dir, 'checkpoint'))],
  'the signing key is gone': ['ledger_corrupt', ({ dir }) => rmSync(join(dir, 'keys/ledger.key'))],
  'the master key is gone': ['ledger_corrupt', ({ dir }) => rmSync(join(dir, 'vault/master.key'))],
};

interface Tampered {
  readonly dir: string;
  readonly lockDir: string;
  /** From the first publication. */
  readonly older: string;
  readonly olderLock: string;
  readonly journal: string;
}

for (const [what, [code, tamper]] of Object.entries(tampered)) {
  test(`a start finds that ${what}`, async () => {
    const parts = await crashed();
    const [segment = ''] = readdirSync(join(parts.dir, 'journal')).slice(-1);
    tamper({ ...parts, journal: join(parts.dir, 'journal', segment) });
    const { dir, lockDir } = parts;
    await assert.rejects(openLedger({ dir, origin, lockDir }), { code });
    // And again: a refused start changes nothing, and lets go of the lock.
    await assert.rejects(openLedger({ dir, origin, lockDir }), { code });
  });
}

test('a start finds a tile that is another in a ledger that was closed', async () => {
  const dir = newFolder();
  const ledger = await openLedger({ dir, origin });
  await appendPairs(ledger, 300);
  await ledger.close();
  flip(join(dir, 'tile/1/000.p/2'), 5);
  await assert.rejects(openLedger({ dir, origin }), { code: 'ledger_corrupt' });
});

test('a ledger keeps its name', async () => {
  const dir = newFolder();
  await (await openLedger({ dir, origin })).close();
  await assert.rejects(openLedger({ dir, origin: 'example.com/b' }), { code: 'config_invalid' });
});

/** Without the zeros that hold room at the end of a segment. */
function writtenBytes(journal: string): number {
  const bytes = readFileSync(journal);
  let end = bytes.length;
  while (bytes[end - 1] === 0) end--;
  return end;
}

function put(from: string, to: string): void {
  rmSync(to, { recursive: true });
  cpSync(from, to, { recursive: true });
}

/** @param at counted from the end where it is negative */
function flip(path: string, at: number): void {
  const bytes = readFileSync(path);
  const index = at < 0 ? bytes.length + at : at;
  bytes[index] = (bytes[index] as number) ^ 1;
  writeFileSync(path, bytes);
}
