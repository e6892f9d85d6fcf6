import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { parseVerifierKey, signatureLine } from '#base/note.ts';
import { signCheckpoint } from '#ledger/checkpoint.ts';
import { makeCosignerKey, parseCosignerKey, signerAt } from '#ledger/cosignature.ts';
import { parsePolicy, type WitnessPolicy } from '#ledger/policy.ts';
import { readBundle, readTile } from '#ledger/read.ts';
import { encodeBundle, encodeTile, TILE_WIDTH } from '#ledger/tiles.ts';
import { leafHash } from '#ledger/tree.ts';
import { Http } from './http.ts';
import { ExampleLog } from './log.example.ts';
import { type FindingKind, Monitor } from './monitor.ts';
import { RemoteLog } from './remote-log.ts';
import { verifySplitView } from './split-view.ts';

const root = mkdtempSync(join(tmpdir(), 'proviso-monitor-'));
const log = ExampleLog.make('example.com/log', 1_000);
const fork = log.fork(300);
const http = new Http();

/** What is served at the moment; a path's bytes may be other than the log's. */
let shown: { log: ExampleLog; size: number; checkpoint?: string; wrong?: Map<string, Buffer> } = {
  log,
  size: 0,
};
let asked: string[] = [];
let isDown = false;
const server = createServer((request, response) => {
  const path = (request.url ?? '').slice('/log/'.length);
  asked.push(path);
  void fileAt(path).then((file) => {
    const bytes = shown.wrong?.get(path) ?? file;
    if (isDown) response.writeHead(503).end();
    else if (bytes) response.end(bytes);
    else response.writeHead(404).end();
  });
});
let url = '';
before(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/log/`;
});
after(async () => {
  await http.close();
  server.closeAllConnections();
  server.close();
  rmSync(root, { recursive: true });
});

/** The file of the log of this size; a partial one that has become full is gone. */
async function fileAt(path: string): Promise<Buffer | undefined> {
  const { log: served, size } = shown;
  if (path === 'checkpoint') return Buffer.from(shown.checkpoint ?? served.checkpoint(size));
  const [, kind = '', number = '', width] =
    /^tile\/(entries|\d)\/(\d{3})(?:\.p\/(\d+))?$/.exec(path) ?? [];
  const n = Number(number);
  if (kind === 'entries') {
    const entries = served.entries.slice(n * TILE_WIDTH, Math.min(size, (n + 1) * TILE_WIDTH));
    return entries.length === Number(width ?? TILE_WIDTH) ? encodeBundle(entries) : undefined;
  }
  const hashes = await served.tiles(size)(Number(kind), n);
  if (hashes.length !== Number(width ?? TILE_WIDTH)) return undefined;
  return encodeTile({ level: 0, n, width: hashes.length, hashes });
}

let folders = 0;
const newFolder = (): string => join(root, String(folders++));

function open(dir: string, policy?: WitnessPolicy): Promise<Monitor> {
  const remote = new RemoteLog(url, http);
  return Monitor.open({ dir, log: log.signer.verifier, remote, policy, lookAgainMs: 1 });
}

async function assertGood(monitor: Monitor, size: number, added: number): Promise<void> {
  const look = await monitor.look();
  assert.ok(look.isConsistent, JSON.stringify(look));
  assert.deepEqual([look.checkpoint.size, look.added], [size, added]);
}

async function findingOf(monitor: Monitor, kind: FindingKind, problem: RegExp) {
  const before = monitor.seen;
  const look = await monitor.look();
  assert.ok(!look.isConsistent);
  assert.equal(look.finding.kind, kind, look.finding.problem);
  assert.match(look.finding.problem, problem);
  assert.deepEqual(monitor.seen, before, 'what was found to be right stays');
  return look.finding;
}

test('an honest log is followed and kept, over the ends of tiles, and again after a restart', async () => {
  const dir = newFolder();
  let monitor = await open(dir);
  let before = 0;
  for (const size of [0, 1, 7, 7, 255, 256, 257, 600, 1_000]) {
    shown = { log, size };
    await assertGood(monitor, size, size - before);
    before = size;
    monitor = await open(dir);
    assert.equal(monitor.seen?.size, size);
  }
  const kept: Buffer[] = [];
  for (let n = 0; n < 4; n++) kept.push(...(await readBundle(dir, 1_000, n)));
  assert.deepEqual(kept, log.entries);
  assert.deepEqual(await readTile(dir, 1_000, 1, 0), [...(await log.tiles(1_000)(1, 0))]);
  asked = [];
  await assertGood(monitor, 1_000, 0);
  assert.deepEqual(asked, ['checkpoint'], 'what was seen is not fetched again');
});

test('a log that goes on in another way is a split view, with evidence that stands alone', async () => {
  for (const [seen, size] of [
    [400, 700],
    [512, 1_000],
    [400, 400],
    [700, 400],
  ] as const) {
    const dir = newFolder();
    const monitor = await open(dir);
    shown = { log, size: seen };
    await assertGood(monitor, seen, seen);
    shown = { log: fork, size };
    const { evidence = '' } = await findingOf(monitor, 'split_view', /^Its key signed/);
    const [first, second] = [seen, size].sort((a, b) => a - b);
    assert.equal(evidence, join(dir, `evidence/split-view-${first}-${second}.json`));
    const { heads } = verifySplitView(readFileSync(evidence), log.key);
    assert.deepEqual(
      heads.map((head) => head.size),
      [first, second],
    );
    shown = { log, size: 900 };
    await assertGood(monitor, 900, 900 - seen);
  }
});

test('a log that parts past what was seen is not a split view for this monitor', async () => {
  const monitor = await open(newFolder());
  shown = { log, size: 200 };
  await assertGood(monitor, 200, 200);
  shown = { log: fork, size: 700 };
  await assertGood(monitor, 700, 500);
});

test('a log that shows others something else is a split view, when their head is compared', async () => {
  const dir = newFolder();
  const remote = new RemoteLog(url, http);
  let held: readonly Buffer[] = [];
  const monitor = await Monitor.open({
    dir,
    remote,
    lookAgainMs: 1,
    log: log.signer.verifier,
    elsewhere: () => Promise.resolve(held),
  });
  shown = { log, size: 700 };
  const stranger = ExampleLog.make('example.com/log', 500);
  const harmless = [stranger.checkpoint(400), log.checkpoint(600), fork.checkpoint(800), 'text'];
  held = harmless.map((note) => Buffer.from(note));
  await assertGood(monitor, 700, 700);
  held = [...held, Buffer.from(fork.checkpoint(500))];
  const { evidence = '' } = await findingOf(monitor, 'split_view', /of 700 entries that does not/);
  const { heads } = verifySplitView(readFileSync(evidence), log.key);
  assert.deepEqual(
    heads.map(({ size }) => size),
    [500, 700],
  );
});

test('an older head is a roll-back, when it still stands at the third look', async () => {
  const monitor = await open(newFolder());
  shown = { log, size: 700 };
  await assertGood(monitor, 700, 700);
  shown = { log, size: 500 };
  asked = [];
  const { evidence = '' } = await findingOf(monitor, 'rolled_back', /shows 500 .* shown 700/);
  assert.deepEqual(asked, ['checkpoint', 'checkpoint', 'checkpoint']);
  const { heads } = JSON.parse(readFileSync(evidence, 'utf8')) as { heads: string[] };
  assert.deepEqual(heads, [log.checkpoint(500), log.checkpoint(700)]);

  const looking = monitor.look();
  shown = { log, size: 800 };
  assert.ok((await looking).isConsistent, 'a cache that was behind is no roll-back');
});

test('files that are not what was signed are named, and not kept', async () => {
  const entry = Buffer.from('entry 0, changed');
  const bundle = encodeBundle([entry, ...log.entries.slice(1, TILE_WIDTH)]);
  const leaves = log.entries.slice(0, TILE_WIDTH).map(leafHash);
  const flipped = async (path: string) => {
    shown = { log, size: 700 };
    const bytes = Buffer.from((await fileAt(path)) ?? []);
    bytes[40] = (bytes[40] ?? 0) ^ 1;
    return new Map([[path, bytes]]);
  };
  const changedTile = encodeTile({
    level: 0,
    n: 0,
    width: TILE_WIDTH,
    hashes: [leafHash(entry), ...leaves.slice(1)],
  });
  const cases: readonly (readonly [wrong: Map<string, Buffer>, named: string])[] = [
    [new Map([['tile/entries/000', bundle]]), 'tile/entries/000'],
    [
      new Map([
        ['tile/entries/000', bundle],
        ['tile/0/000', changedTile],
      ]),
      'tile/1/000.p/2',
    ],
    [await flipped('tile/0/001'), 'tile/entries/001'],
    [await flipped('tile/0/002.p/188'), 'tile/entries/002.p/188'],
    [await flipped('tile/1/000.p/2'), 'tile/1/000.p/2'],
    [new Map([['tile/entries/001', Buffer.from('x')]]), 'tile/entries/001'],
    [new Map([['tile/0/001', Buffer.alloc(31)]]), 'tile/0/001'],
  ];
  for (const [wrong, named] of cases) {
    const dir = newFolder();
    const monitor = await open(dir);
    shown = { log, size: 700, wrong };
    const { problem } = await findingOf(monitor, 'not_as_signed', /is not what was signed/);
    assert.ok(problem.includes(`\`${named}\``), `${problem} ${named}`);
    assert.ok(!existsSync(join(dir, 'checkpoint')));
    shown = { log, size: 700 };
    await assertGood(monitor, 700, 700);
  }
  const monitor = await open(newFolder());
  const checkpoint = signCheckpoint(700, leafHash(entry), log.signer);
  shown = { log, size: 700, checkpoint };
  await findingOf(monitor, 'not_as_signed', /`checkpoint` .*another root/);
  shown = { log, size: 0, checkpoint: signCheckpoint(0, leafHash(entry), log.signer) };
  await findingOf(monitor, 'not_as_signed', /an empty log has another root/);
});

test('a log that cannot show that it goes on is told with both of its heads', async () => {
  const monitor = await open(newFolder());
  shown = { log, size: 400 };
  await assertGood(monitor, 400, 400);
  shown = { log: fork, size: 700, wrong: new Map([['tile/0/001', Buffer.alloc(8_192)]]) };
  const { evidence = '' } = await findingOf(monitor, 'not_as_signed', /is not what was signed/);
  const { heads } = JSON.parse(readFileSync(evidence, 'utf8')) as { heads: string[] };
  assert.deepEqual(heads, [log.checkpoint(400), fork.checkpoint(700)]);
});

test('a head that the key did not sign, or too few witnesses did, is not taken', async () => {
  const monitor = await open(newFolder());
  const other = ExampleLog.make('example.com/log', 10);
  shown = { log: other, size: 10 };
  await findingOf(monitor, 'not_signed', /no known key signed it/);

  const cosigners = ['a', 'b'].map((name) => parseCosignerKey(makeCosignerKey(name, 'ed25519')));
  const keys = cosigners.map(({ verifier }) => verifier.text);
  const policy = parsePolicy(
    `witness A ${keys[0]}\nwitness B ${keys[1]}\ngroup both all A B\nquorum both\n`,
  );
  const note = log.checkpoint(10);
  const lines = cosigners.map((cosigner) =>
    signatureLine(note.slice(0, note.indexOf('\n\n') + 1), signerAt(cosigner, { now: Date.now })),
  );
  const strict = await open(newFolder(), policy);
  shown = { log, size: 10, checkpoint: note + (lines[0] ?? '') };
  await findingOf(strict, 'no_quorum', /cosigned by A, and needs 2 of A, B/);
  shown = { log, size: 10, checkpoint: note + lines.join('') };
  const look = await strict.look();
  assert.ok(look.isConsistent);
  assert.deepEqual(look.witnesses, ['A', 'B']);
});

test('a copy that was interrupted is taken up again, and checked like all else', async () => {
  const dir = newFolder();
  shown = { log, size: 1_000, wrong: new Map([['tile/entries/003.p/232', Buffer.from('x')]]) };
  const first = await open(dir);
  await first.look();
  // As a process that was killed leaves it.
  writeFileSync(join(dir, 'tile/entries/000'), encodeBundle(log.entries.slice(0, TILE_WIDTH)));
  writeFileSync(join(dir, 'tile/entries/001'), 'cut off');
  shown = { log, size: 1_000 };
  asked = [];
  const second = await open(dir);
  await assertGood(second, 1_000, 1_000);
  assert.ok(!asked.includes('tile/entries/000'));
  assert.ok(asked.includes('tile/entries/001'));

  const lying = newFolder();
  const third = await open(lying);
  shown = {
    log: fork,
    size: 1_000,
    wrong: new Map([['tile/entries/003.p/232', Buffer.from('x')]]),
  };
  await third.look();
  const bundles = [0, 1].map((n) => fork.entries.slice(n * TILE_WIDTH, (n + 1) * TILE_WIDTH));
  bundles.forEach((each, n) =>
    writeFileSync(join(lying, `tile/entries/00${n}`), encodeBundle(each)),
  );
  shown = { log, size: 1_000 };
  await assertGood(await open(lying), 1_000, 1_000);
  assert.deepEqual(await readBundle(lying, 1_000, 1), log.entries.slice(256, 512));
});

test('a log that cannot be reached is no finding; a folder of another log is refused', async () => {
  const dir = newFolder();
  const monitor = await open(dir);
  shown = { log, size: 10 };
  await assertGood(monitor, 10, 10);
  isDown = true;
  await assert.rejects(monitor.look(), { code: 'log_unreachable' });
  isDown = false;
  shown = { log, size: 10, wrong: new Map([['checkpoint', Buffer.alloc(2_000_000)]]) };
  await assert.rejects(monitor.look(), { code: 'log_unreachable' });
  const remote = new RemoteLog(url, http);
  const other = parseVerifierKey(ExampleLog.make('example.com/other', 1).key);
  await assert.rejects(Monitor.open({ dir, log: other, remote, lookAgainMs: 1 }), {
    code: 'note_invalid',
  });
  const [partial = ''] = readdirSync(join(dir, 'tile/0/000.p'));
  writeFileSync(join(dir, 'tile/0/000.p', partial), Buffer.alloc(320));
  shown = { log, size: 20 };
  await assert.rejects(monitor.look(), { code: 'ledger_corrupt' });
});
