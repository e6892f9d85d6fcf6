import assert from 'node:assert/strict';
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { createKey } from '#caller/key.ts';
import { keyCreated, keyRevoked } from '#caller/ring.ts';
import { storedPackDir } from '#terms/store.ts';
import { type AuditReport, auditLedger } from './fsck.ts';
import { type ExampleLedger, exampleLedger } from './ledger.example.ts';
import { search } from './search.ts';

const root = mkdtempSync(join(tmpdir(), 'proviso-fsck-'));
after(() => rmSync(root, { recursive: true }));
let folders = 0;
const newFolder = (): string => join(root, String(folders++));

/** A full file of values, and the beginning of another. */
const CALLS = 2_080;
let large: ExampleLedger;
before(async () => {
  large = await exampleLedger(newFolder(), CALLS);
  await large.ledger.close();
});

function copyOf({ dataDir }: ExampleLedger): string {
  const copy = newFolder();
  cpSync(dataDir, copy, { recursive: true });
  return copy;
}

function audit(dataDir: string, { source }: ExampleLedger = large): Promise<AuditReport> {
  return auditLedger({ ...source, dataDir, place: join(dataDir, 'ledger') });
}

test('a ledger as it was written is sound', async () => {
  const report = await audit(large.dataDir);
  assert.deepEqual(report.faults, []);
  assert.equal(report.isSound, true);
  assert.deepEqual(
    [report.decisions, report.outcomes, report.packs, report.keys, report.purposes],
    [CALLS, CALLS, 2, 2, 1],
  );
  assert.deepEqual([report.vaultKeys, report.erasures], [2, 0]);
});

test('a copy without vault and projection is sound as far as it goes', async () => {
  const copy = copyOf(large);
  rmSync(join(copy, 'ledger/vault'), { recursive: true });
  rmSync(join(copy, 'ledger/state.sqlite'));
  const { masterKey: _masterKey, ...source } = large.source;
  const report = await auditLedger({ ...source, dataDir: copy, place: join(copy, 'ledger') });
  assert.deepEqual([report.faults, report.vaultKeys], [[], undefined]);
});

/** What is done to a search index, and the fault that must be named. */
const misled: Readonly<Record<string, readonly [statement: string, problem: RegExp]>> = {
  'leaves entries out': [
    "DELETE FROM tag WHERE word = (SELECT id FROM word WHERE text = 'effect:permit') AND entry < 99",
    /leaves out \d+ words/,
  ],
  'names others': [
    "UPDATE word SET text = 'purpose:x' WHERE text = 'purpose:minutes'",
    /not theirs/,
  ],
  'names other outcomes': [
    'UPDATE closed SET outcome = outcome + 1 WHERE decision < 99',
    /other outcomes of \d+ decisions/,
  ],
  'is of another log': [`UPDATE log SET root = '${'A'.repeat(43)}='`, /is of another log/],
};

test('an audit names a search index that says otherwise than the log', async () => {
  const copy = copyOf(large);
  const dir = join(copy, 'ledger');
  const query = { caller: large.caller.id, limit: 1 };
  await search({ ...large.source, place: dir }, query);
  assert.deepEqual((await audit(copy)).faults, []);
  const path = join(dir, 'search.sqlite');
  const right = readFileSync(path);
  for (const [what, [statement, problem]] of Object.entries(misled)) {
    const database = new DatabaseSync(path);
    database.exec(statement);
    database.close();
    const { faults } = await audit(copy);
    assert.equal(faults.length, 1, what);
    assert.match(String(faults[0]?.problem), problem, what);
    writeFileSync(path, right);
  }
  writeFileSync(path, 'nothing of the kind');
  assert.match(String((await audit(copy)).faults[0]?.problem), /no sound database/);
});

type Damage = (dir: string, dataDir: string) => void;

/** What is done to a copy of a closed ledger, and the fault that must be named. */
const damages: Readonly<Record<string, readonly [Damage, problem: RegExp, file: RegExp]>> = {
  'an entry that was changed': [
    (dir) => edit(dir, 'tile/entries/003', (text) => text.replace('permit', 'denied')),
    /`tile\/entries\/003` has another entry \d+ than the log/,
    /tile\/entries\/003/,
  ],
  'a lost bundle': [
    (dir) => rmSync(join(dir, 'tile/entries/002')),
    /`tile\/entries\/002` is missing/,
    /tile\/entries\/002/,
  ],
  'a lost upper tile': [
    (dir) => rmSync(join(dir, 'tile/1'), { recursive: true }),
    /`tile\/1\/000\.p\/\d+` is missing/,
    /tile\/1\/000/,
  ],
  'a checkpoint that was changed': [
    (dir) => edit(dir, 'checkpoint', (text) => text.replace(/\n\d+\n/, '\n12\n')),
    /signature/,
    /checkpoint/,
  ],
  'a lock store of another time': [
    (dir) => edit(dir, 'lock/head', () => 'nonsense'),
    /`lock\/head` cannot be read/,
    /lock\/head/,
  ],
  'a value that was changed': [
    (dir) => flip(join(dir, 'vault/values/000'), 1_000),
    /do not decrypt/,
    /vault\/values\/000/,
  ],
  'a file of values that was cut': [
    (dir) => cut(join(dir, 'vault/values/001'), 100),
    /bytes from \d+ on that are no values/,
    /vault\/values\/001/,
  ],
  'values that were taken out whole': [
    (dir) => takeBlob(join(dir, 'vault/values/000'), 20),
    /The vault lacks (caller, content, facts|content) of entry/,
    /vault\/values\/000/,
  ],
  'newest values that were taken out whole': [
    (dir) => takeBlob(join(dir, 'vault/values/001'), -1),
    /The vault lacks (caller, content, facts|content) of entry/,
    /vault\/values\/001/,
  ],
  'a lost file of values': [
    (dir) => rmSync(join(dir, 'vault/values/000')),
    /The vault lacks/,
    /vault\/values\/000/,
  ],
  'values of another time': [
    (dir) => cpSync(join(dir, 'vault/values/000'), join(dir, 'vault/values/001')),
    /none of its batch|lacks/,
    /vault\/values\/001/,
  ],
  'a lost key of the vault': [
    (dir) => rmSync(join(dir, 'vault/keys', keyNames(dir)[0] ?? '')),
    /their key `vault\/keys\/[0-9a-f]+` is missing/,
    /vault\/values/,
  ],
  'a key of the vault that was changed': [
    (dir) => flip(join(dir, 'vault/keys', keyNames(dir)[1] ?? ''), 30),
    /The master key does not open the vault/,
    /vault\//,
  ],
  'a key of the vault that was wiped by hand': [
    (dir) => writeFileSync(join(dir, 'vault/keys', keyNames(dir)[0] ?? ''), Buffer.of(0, 0, 0, 2)),
    /no entry says so|has generation 2, and entries erased 0/,
    /vault\//,
  ],
  'something else among the vault’s keys': [
    (dir) => writeFileSync(join(dir, 'vault/keys/note.txt'), 'keep'),
    /`vault\/keys\/note\.txt` is no key/,
    /vault\/keys\/note\.txt/,
  ],
  'a pack that was changed': [
    (_dir, dataDir) => {
      const file = join(storedPackDir(dataDir, large.terms), 'text.md');
      writeFileSync(file, readFileSync(file, 'utf8').replace('forbidden', 'permitted'));
    },
    /was changed: its files hash to/,
    /terms\/[0-9a-f]{64}/,
  ],
  'a lost pack': [
    (_dir, dataDir) => rmSync(storedPackDir(dataDir, large.terms), { recursive: true }),
    /The stored terms pack .* is missing/,
    /terms\/[0-9a-f]{64}/,
  ],
  'a projection with another open decision': [
    (dir) => change(dir, 'INSERT INTO open_decision VALUES (7)'),
    /other open decisions than the log: 1 differ, the first is entry 7/,
    /state\.sqlite/,
  ],
  'a projection that lacks a key': [
    (dir) => change(dir, "DELETE FROM state_entry WHERE kind = 'key'"),
    /other entries of kind `key` than the log: 3 differ/,
    /state\.sqlite/,
  ],
  'a projection that is no database': [
    (dir) => writeFileSync(join(dir, 'state.sqlite'), 'nothing of the kind'),
    /is no sound database/,
    /state\.sqlite/,
  ],
};

for (const [what, [damage, problem, file]] of Object.entries(damages)) {
  test(`an audit names ${what}`, async () => {
    const copy = copyOf(large);
    damage(join(copy, 'ledger'), copy);
    const report = await audit(copy);
    assert.equal(report.isSound, false);
    const fault = report.faults.find((each) => problem.test(each.problem));
    assert.ok(fault, JSON.stringify(report.faults.slice(0, 3)));
    assert.match(fault.file, file);
    assert.ok(report.faults.every(({ consequence }) => consequence.length > 20));
    rmSync(copy, { recursive: true });
  });
}

/** What a writer could have put into the log that no gateway would, and the fault that is named. */
const wrongs: Readonly<
  Record<string, readonly [(example: ExampleLedger) => Promise<unknown>, problem: RegExp]>
> = {
  'a decision under terms that are not in force': [
    async (example) => example.call({ public: { ...PERMIT, terms: 'ab'.repeat(32) } }),
    /was decided by the terms `abab.*in force was `[0-9a-f]{64}`/,
  ],
  'a call with a key that was revoked long before': [
    async ({ append, call, caller, pass }) => {
      const { id, hash } = createKey();
      await append({ ...keyCreated({ id, hash }, caller), vaultKey: 'caller:x' });
      await append(keyRevoked(id));
      pass(3_600_000);
      return call({ private: { caller: { ...caller, keyId: id }, content: {}, facts: [] } });
    },
    /is a call with the key `prv_[0-9a-f]{12}`, which was good until/,
  ],
  'a call with a key that ended long before': [
    async ({ append, call, caller, clock, pass }) => {
      const { id, hash } = createKey();
      const ending = { ...caller, expiresAt: clock.now() };
      await append({ ...keyCreated({ id, hash }, ending), vaultKey: 'caller:x' });
      pass(3_600_000);
      return call({ private: { caller: { ...caller, keyId: id }, content: {}, facts: [] } });
    },
    /is a call with the key/,
  ],
  'a decision without facts': [
    async ({ call, caller }) => call({ private: { caller, content: {} } }),
    /The vault lacks facts of entry/,
  ],
  'a key that nobody can read': [
    async ({ append }) => append({ kind: 'key', public: { action: 'borrowed', id: 'x' } }),
    /Entry \d+: An entry of kind `key` has a `action`/,
  ],
  'an erasure that was not carried out': [
    async ({ append, dir }) =>
      append({ kind: 'erasure', public: { slot: keyNames(dir)[0] ?? '', generation: 1 } }),
    /is there, and entry \d+ says that it was erased/,
  ],
};

const PERMIT = { action: 'generate', effect: 'permit', rules: [], targets: [] };

for (const [what, [wrong, problem]] of Object.entries(wrongs)) {
  test(`an audit names ${what}, published or not`, async () => {
    const example = await exampleLedger(newFolder(), 20);
    await wrong(example);
    // A copy of a ledger that is in use: some of it is in the journal only.
    const unpublished = copyOf(example);
    await example.ledger.close();
    for (const dataDir of [unpublished, example.dataDir]) {
      const report = await audit(dataDir, example);
      const found = report.faults.filter((each) => problem.test(each.problem));
      assert.equal(found.length, 1, JSON.stringify(report.faults));
      assert.ok(found[0]?.entry !== undefined);
    }
  });
}

test('what was erased is no fault, and is counted', async () => {
  const example = await exampleLedger(newFolder(), 40);
  await example.ledger.erase('purpose:minutes');
  await example.call();
  await example.ledger.close();
  const report = await audit(example.dataDir, example);
  assert.deepEqual(report.faults, []);
  assert.equal(report.erasures, 1);
});

test('a ledger in use is sound whenever it is looked at', async () => {
  const example = await exampleLedger(newFolder(), 20);
  let isOver = false;
  const load = async (): Promise<void> => {
    while (!isOver) await example.call();
  };
  const callers = Array.from({ length: 8 }, load);
  for (let round = 0; round < 8; round++) {
    const report = await audit(example.dataDir, example);
    assert.deepEqual(report.faults, [], `round ${round}`);
  }
  isOver = true;
  await Promise.all(callers);
  await example.ledger.close();
});

const PUBLIC_OR_SEALED =
  /^(ledger\/(checkpoint|tile\/|keys\/.*\.pub|vault\/(keys\/|values\/|master\.check))|terms\/)/;

test('a byte that flips anywhere in public files, vault or packs is found', async () => {
  const example = await exampleLedger(newFolder(), 100);
  await example.ledger.erase('caller:records-batch');
  await example.ledger.close();
  const { dataDir } = example;
  const files = readdirSync(dataDir, { recursive: true, encoding: 'utf8' })
    .map((name) => name.replaceAll('\\', '/'))
    .filter((name) => PUBLIC_OR_SEALED.test(name))
    .filter((name) => statSync(join(dataDir, name)).isFile());
  assert.ok(files.length > 12);
  assert.deepEqual((await audit(dataDir, example)).faults, []);
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...files),
      fc.nat(1_000_000),
      fc.integer({ min: 1, max: 255 }),
      async (file, where, change) => {
        const path = join(dataDir, file);
        const right = readFileSync(path);
        const wrong = Buffer.from(right);
        const at = where % wrong.length;
        wrong[at] = (wrong[at] as number) ^ change;
        writeFileSync(path, wrong);
        try {
          const report = await audit(dataDir, example);
          assert.equal(report.isSound, false, `${file} at ${at}`);
        } finally {
          writeFileSync(path, right);
        }
      },
    ),
    { numRuns: 40 },
  );
});

test('an audit that was broken off goes on, for the same log only', async () => {
  const example = await exampleLedger(newFolder(), 20);
  const many = Array.from({ length: 16_384 }, () => ({ kind: 'start', public: {} }) as const);
  await Promise.all(many.map((entry) => example.append(entry)));
  await Promise.all(many.map((entry) => example.append(entry)));
  await example.ledger.close();
  const { source, dataDir } = example;
  const resumePath = join(newFolder(), 'state', 'fsck.jsonl');
  const breakOff = new Error('broken off');
  const begin = () =>
    auditLedger(source, {
      resumePath,
      onProgress: (done) => {
        if (done > 16_384) throw breakOff;
      },
    });
  await assert.rejects(begin, breakOff);
  assert.ok(existsSync(resumePath));
  assert.equal(statSync(resumePath).mode & 0o077, 0);
  const other = await exampleLedger(newFolder(), 20);
  await other.ledger.close();
  const kept = readFileSync(resumePath);
  const elsewhere = await auditLedger(other.source, { resumePath });
  assert.deepEqual([elsewhere.faults, elsewhere.resumed], [[], 0]);
  writeFileSync(resumePath, kept);
  const resumed = await auditLedger(source, { resumePath });
  assert.deepEqual([resumed.faults, resumed.resumed], [[], 32_768]);
  assert.ok(!existsSync(resumePath));
  const whole = await audit(dataDir, example);
  assert.deepEqual({ ...resumed, resumed: 0 }, whole);
  writeFileSync(resumePath, kept.subarray(0, -10));
  assert.equal((await auditLedger(source, { resumePath })).resumed, 16_384);
});

function keyNames(dir: string): string[] {
  return readdirSync(join(dir, 'vault/keys')).sort();
}

function edit(dir: string, name: string, change: (text: string) => string): void {
  const path = join(dir, name);
  writeFileSync(path, change(readFileSync(path, 'latin1')), 'latin1');
}

function flip(path: string, at: number): void {
  const bytes = readFileSync(path);
  bytes[at] = (bytes[at] as number) ^ 1;
  writeFileSync(path, bytes);
}

function cut(path: string, bytes: number): void {
  writeFileSync(path, readFileSync(path).subarray(0, -bytes));
}

function takeBlob(path: string, number: number): void {
  const bytes = readFileSync(path);
  const blobs: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += blobs.at(-1)?.length ?? 0) {
    blobs.push(bytes.subarray(at, at + 4 + bytes.readUInt32BE(at)));
  }
  writeFileSync(
    path,
    Buffer.concat(blobs.filter((_, i) => i !== (number + blobs.length) % blobs.length)),
  );
}

function change(dir: string, statement: string): void {
  const database = new DatabaseSync(join(dir, 'state.sqlite'));
  database.exec(statement);
  database.close();
}
