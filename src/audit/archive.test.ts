import assert from 'node:assert/strict';
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { parseSpan } from '#base/span.ts';
import type { LogPlace } from '#ledger/archive.ts';
import { type Disk, nodeDisk } from '#ledger/disk.ts';
import { openLedger } from '#ledger/ledger.ts';
import { readPublicFile } from '#ledger/public-files.ts';
import { verifyLedger } from '#ledger/verify.ts';
import { copyToArchive, finishArchived, planArchive, removeArchived } from './archive.ts';
import { auditLedger } from './fsck.ts';
import { type ExampleLedger, exampleLedger, ORIGIN } from './ledger.example.ts';
import { replayLedger } from './replay.ts';
import { search } from './search.ts';

const root = mkdtempSync(join(tmpdir(), 'proviso-archive-'));
after(() => rmSync(root, { recursive: true }));
let folders = 0;
const newFolder = (): string => join(root, String(folders++));

/** Over two files of values; the second half is a day younger. */
const CALLS = 4_300;
const CUT = 4_096;
let example: ExampleLedger;
let original: string;
let secondHalfAt = 0;
before(async () => {
  original = newFolder();
  example = await exampleLedger(original, CALLS);
  await example.ledger.close();
  // The clock has gone on by a day after each half.
  secondHalfAt = example.clock.now() - 86_400_000;
});

/** A copy, whose old entries are in an archive. */
async function archived(disk?: Disk): Promise<{ dataDir: string; dir: string; archive: string }> {
  const dataDir = newFolder();
  cpSync(original, dataDir, { recursive: true });
  const dir = join(dataDir, 'ledger');
  const archive = newFolder();
  const { size } = await sourceAt(dir);
  const range = await planArchive(dir, size, secondHalfAt - 86_400_000 / 2, Infinity);
  assert.deepEqual(range, { from: 0, to: CUT });
  await copyToArchive(dir, ORIGIN, size, range, archive);
  const ledger = await reopened(dir);
  await ledger.recordArchive(range);
  await ledger.close();
  await removeArchived(dir, size, range, archive, disk);
  return { dataDir, dir, archive };
}

async function sourceAt(place: LogPlace, dataDir = original) {
  const { log, masterKey } = example.source;
  const source = { log, masterKey, place, dataDir };
  const { size } = await verifyLedger(place, source.log.text);
  return { source, size };
}

function reopened(dir: string) {
  return openLedger({ dir, origin: ORIGIN, clock: example.clock });
}

test('what is old enough goes by whole files, and not past an open decision', async () => {
  const dir = join(original, 'ledger');
  const { size } = await sourceAt(dir);
  const toOf = async (before: number, open = Infinity) =>
    (await planArchive(dir, size, before, open)).to;
  assert.equal(await toOf(0), 0);
  assert.equal(await toOf(Infinity), size - (size % CUT));
  assert.equal(await toOf(Infinity, CUT * 2 + 5), CUT * 2);
  assert.equal(await toOf(Infinity, CUT - 1), 0);
});

test('with the archive at hand, wherever it is, all is as it was', async () => {
  const { dataDir, dir, archive } = await archived();
  assert.ok(!existsSync(join(dir, 'tile/entries/005')));
  const moved = newFolder();
  const places: LogPlace[] = [dir, { dir, archives: [moved] }];
  for (const place of places) {
    const { source } = await sourceAt(place, dataDir);
    const report = await auditLedger(source);
    assert.deepEqual([report.faults, report.elsewhere], [[], []]);
    assert.equal(report.decisions, CALLS);
    const replayed = await replayLedger(source, undefined);
    assert.deepEqual([replayed.same, replayed.elsewhere], [CALLS, []]);
    const found = await search(source, { caller: 'records-batch', before: CUT, limit: 100 });
    assert.equal(found.entries.length, 100);
    assert.ok(found.entries.every((each) => 'at' in each && each.caller === 'records-batch'));
    rmSync(join(dir, 'search.sqlite'));
    if (place !== dir) continue;
    assert.ok(await readPublicFile(dir, 'tile/entries/005'));
    renameSync(archive, moved);
  }
});

test('with the archive away, it is said what lies elsewhere, and nothing is wrong', async () => {
  const { dataDir, dir, archive } = await archived();
  const { source } = await sourceAt(dir, dataDir);
  const indexed = await search(source, { effect: 'permit', limit: 1 });
  assert.deepEqual(indexed.elsewhere, []);
  rmSync(archive, { recursive: true });

  const report = await auditLedger(source);
  assert.deepEqual(report.faults, []);
  const [kept, ...others] = report.elsewhere;
  assert.deepEqual([kept?.to, others], [CUT, []]);
  // The first bundle has keys and terms, and stays.
  assert.equal(kept?.from, 256);

  const replayed = await replayLedger(source, undefined);
  assert.deepEqual(replayed.elsewhere, [{ from: 0, to: CUT }]);
  assert.equal(replayed.different + replayed.unreplayed, 0);

  const old = { kind: 'decision', before: CUT, limit: 3 };
  const { entries } = await search(source, old);
  assert.ok(entries.length === 3 && entries.every((each) => 'elsewhere' in each));
  rmSync(join(dir, 'search.sqlite'));
  const anew = await search(source, old);
  assert.deepEqual(anew.elsewhere, [{ from: 0, to: CUT }]);

  await assert.rejects(readPublicFile(dir, 'tile/entries/005'), { code: 'entry_archived' });
  assert.ok(await readPublicFile(dir, 'tile/0/005'));
});

test('INVARIANT (13): a start needs no archive, nor the projection', async () => {
  const { dataDir, dir, archive } = await archived();
  rmSync(archive, { recursive: true });
  rmSync(join(dir, 'state.sqlite'));
  const ledger = await reopened(dir);
  const state = await Array.fromAsync(ledger.history(['key', 'purpose', 'terms', 'archive']));
  assert.deepEqual(
    state.map(({ kind }) => kind),
    ['purpose', 'key', 'key', 'key', 'terms', 'terms', 'archive'],
  );
  assert.equal(state[1]?.private?.['caller'], 'records-batch');
  assert.deepEqual(state.at(-1)?.public, { from: 0, to: CUT });
  assert.deepEqual(ledger.openDecisions(), []);
  const old = ledger.readEntry(2_000);
  await assert.rejects(old, { code: 'entry_archived' });
  await ledger.close();
  const { source } = await sourceAt(dir, dataDir);
  assert.deepEqual((await auditLedger(source)).faults, []);
});

test('the search index takes up what comes back to hand', async () => {
  const { dataDir, dir, archive } = await archived();
  const away = newFolder();
  renameSync(archive, away);
  const query = { effect: 'permit', before: 2_000, limit: 50 };
  const { source } = await sourceAt(dir, dataDir);
  const before = await search(source, query);
  assert.deepEqual([before.elsewhere.length, before.entries.length], [1, 0]);
  const place = { dir, archives: [away] };
  const afterwards = await search({ ...source, place }, query);
  assert.deepEqual([afterwards.elsewhere, afterwards.entries.length], [[], 50]);
});

test('entries that were taken away without a record are named', async () => {
  const { dataDir, dir } = await archived();
  const { source } = await sourceAt(dir, dataDir);
  const path = join(dir, 'archived.json');
  const text = readFileSync(path, 'utf8');
  writeFileSync(path, text.replace(String(CUT), String(2 * CUT)));
  const { faults } = await auditLedger(source);
  assert.match(
    faults.map(({ problem }) => problem).join('\n'),
    /to 8191 were moved; on record are 4096/,
  );
  writeFileSync(path, text.replace('spans', 'span'));
  assert.notDeepEqual((await verifyLedger(dir, source.log.text)).faults, []);
});

test('damage in an archive is found', async () => {
  const { dataDir, dir, archive } = await archived();
  for (const [file, problem] of [
    ['tile/entries/007', /`tile\/entries\/007` has another entry \d+ than the log|Entry \d+/],
    ['vault/values/000', /do not decrypt|no values/],
  ] as const) {
    const path = join(archive, file);
    const right = readFileSync(path);
    const wrong = Buffer.from(right);
    wrong[5_000] = (wrong[5_000] as number) ^ 1;
    writeFileSync(path, wrong);
    const { source } = await sourceAt(dir, dataDir);
    const { faults } = await auditLedger(source);
    assert.ok(
      faults.some((fault) => problem.test(fault.problem)),
      JSON.stringify(faults[0]),
    );
    writeFileSync(path, right);
  }
});

test('an attempt that was broken off anywhere is finished by the next', async () => {
  for (const failAt of [1, 5, 30]) {
    let operations = 0;
    const failing: Disk = new Proxy(nodeDisk, {
      get(disk, name: keyof Disk) {
        const isWrite = name !== 'read' && name !== 'list';
        if (isWrite && ++operations === failAt) throw new Error('the power went');
        return disk[name];
      },
    });
    const broken = await archived(failing).then(
      () => undefined,
      () => join(root, String(folders - 2)),
    );
    if (broken === undefined) continue;
    const dir = join(broken, 'ledger');
    const { source, size } = await sourceAt(dir, broken);
    assert.deepEqual((await auditLedger(source)).faults, [], `broken off at ${failAt}`);
    await finishArchived(dir, size);
    const { from } = await planArchive(dir, size, secondHalfAt - 43_200_000, Infinity);
    assert.ok(from === 0 || !existsSync(join(dir, 'tile/entries/005')), `after ${failAt}`);
    assert.deepEqual((await auditLedger(source)).faults, [], `finished after ${failAt}`);
  }
});

test('an archive of another log, or in the ledger’s own folder, takes nothing', async () => {
  const dir = join(original, 'ledger');
  const { size } = await sourceAt(dir);
  const range = { from: 0, to: CUT };
  const archive = newFolder();
  await copyToArchive(dir, 'example.com/another', size, range, archive);
  for (const wrong of [archive, join(dir, 'archive'), dir]) {
    await assert.rejects(copyToArchive(dir, ORIGIN, size, range, wrong), { code: 'usage_invalid' });
  }
});

test('what is not sound is not moved', async () => {
  const dataDir = newFolder();
  cpSync(original, dataDir, { recursive: true });
  const dir = join(dataDir, 'ledger');
  const path = join(dir, 'tile/entries/009');
  writeFileSync(path, readFileSync(path, 'latin1').replace('permit', 'denied'), 'latin1');
  const range = { from: 0, to: CUT };
  await assert.rejects(copyToArchive(dir, ORIGIN, 10_000, range, newFolder()), {
    code: 'ledger_corrupt',
  });
});

test('the retention rule is on record, and keeps what is younger', async () => {
  const dataDir = newFolder();
  cpSync(original, dataDir, { recursive: true });
  const ledger = await reopened(join(dataDir, 'ledger'));
  const old = { from: 0, to: CUT };
  await ledger.retain(parseSpan('6 months'));
  await ledger.retain(parseSpan('6 months'));
  await assert.rejects(ledger.recordArchive(old), { code: 'retention_in_force' });
  await assert.rejects(ledger.erase('purpose:minutes'), { code: 'retention_in_force' });
  await assert.rejects(ledger.erase('caller:records-batch'), { code: 'retention_in_force' });
  example.pass(200 * 86_400_000);
  await ledger.recordArchive(old);
  await ledger.erase('purpose:minutes');
  await ledger.retain(undefined);
  const record = await Array.fromAsync(ledger.history(['retention', 'archive', 'erasure']));
  assert.deepEqual(
    record.map(({ kind, public: facts }) => [kind, facts['atLeast'] ?? facts['to'] ?? '']),
    [
      ['retention', '6 months'],
      ['archive', CUT],
      ['erasure', ''],
      ['retention', 'none'],
    ],
  );
  await ledger.close();
});
