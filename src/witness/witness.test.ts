import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { makeSignerKey, openNote, parseSignerKey } from '#base/note.ts';
import { signCheckpoint } from '#ledger/checkpoint.ts';
import { cosignedAt, makeCosignerKey, parseCosignerKey, signerAt } from '#ledger/cosignature.ts';
import { EMPTY_ROOT, leafHash } from '#ledger/tree.ts';
import { encodeAddCheckpoint } from './add-checkpoint.ts';
import { CosignedHeads } from './heads.ts';
import { ExampleLog } from './log.example.ts';
import { originOf, Witness } from './witness.ts';

const root = mkdtempSync(join(tmpdir(), 'proviso-witness-'));
const opened: CosignedHeads[] = [];
after(() => {
  for (const heads of opened) heads.close();
  rmSync(root, { recursive: true });
});
let folders = 0;

const NAME = 'witness.example.org/harbour';
const cosigners = [
  parseCosignerKey(makeCosignerKey(NAME, 'ed25519')),
  parseCosignerKey(makeCosignerKey(NAME, 'ml-dsa-44')),
];
const verifiers = cosigners.map(({ verifier }) => verifier);

async function open(
  logs: readonly string[],
  { dir = join(root, String(folders++)), now = (): number => 1_760_000_000_000 } = {},
) {
  const heads = await CosignedHeads.open(dir);
  opened.push(heads);
  const splitViews: string[][] = [];
  const witness = new Witness({
    logs,
    cosigners,
    heads,
    clock: { now },
    onSplitView: (_log, notes) => splitViews.push(notes.map(textOf)),
  });
  return { witness, dir, splitViews };
}

test('a head of a known log is cosigned with each key, and so is the next that continues it', async () => {
  const log = ExampleLog.make('example.com/log', 20);
  const { witness } = await open([log.key]);
  assert.equal(witness.checkpointOf(originOf('example.com/log').hash), undefined);
  for (const [old, size] of [
    [0, 0],
    [0, 7],
    [7, 7],
    [7, 8],
    [8, 20],
  ] as const) {
    const answer = witness.addCheckpoint(log.request(old, size));
    assert.equal(answer.status, 200, answer.body);
    const note = log.checkpoint(size);
    const { signatures } = openNote(Buffer.from(note + answer.body), verifiers);
    assert.deepEqual(
      signatures.map(({ verifier, signature }) => [verifier, cosignedAt(signature)]),
      verifiers.map((verifier) => [verifier, 1_760_000_000]),
    );
    const kept = witness.checkpointOf(originOf('example.com/log').hash);
    assert.equal(kept, note + answer.body);
  }
});

test('what is refused, and with which status', async () => {
  const log = ExampleLog.make('example.com/log', 20);
  const fork = log.fork(5);
  const stranger = ExampleLog.make('example.com/other', 20);
  const impostor = ExampleLog.make('example.com/log', 20);
  const { witness, splitViews } = await open([log.key]);
  assert.equal(witness.addCheckpoint(log.request(0, 7)).status, 200);

  const withNote = (note: string, old = 7) =>
    encodeAddCheckpoint({ old, proof: [], note: Buffer.from(note) });
  const forgedLine = log.checkpoint(7).replace('\n7\n', '\n8\n');
  const cases: readonly (readonly [what: string, status: number, request: Uint8Array])[] = [
    ['nothing', 400, Buffer.alloc(0)],
    ['no checkpoint', 400, Buffer.from('old 7\n\n')],
    ['no empty line', 400, Buffer.from(`old 7\n${log.checkpoint(7)}`.replaceAll('\n\n', '\n'))],
    ['another first line', 400, Buffer.from(`size 7\n\n${log.checkpoint(7)}`)],
    ['a size with a zero before it', 400, Buffer.from(`old 07\n\n${log.checkpoint(7)}`)],
    ['a negative size', 400, Buffer.from(`old -7\n\n${log.checkpoint(7)}`)],
    ['a size past 2^53', 400, Buffer.from(`old 9007199254740993\n\n${log.checkpoint(7)}`)],
    ['a hash that is none', 400, Buffer.from(`old 7\nAAAA\n\n${log.checkpoint(7)}`)],
    [
      '64 hashes',
      400,
      Buffer.from(`old 7\n${`${'A'.repeat(43)}=\n`.repeat(64)}\n${log.checkpoint(9)}`),
    ],
    ['a note without signatures', 400, Buffer.from(`old 7\n\nexample.com/log\n8\nAAAA\n`)],
    ['an old size past the checkpoint’s', 400, log.request(7, 6)],
    ['a log that is not known', 404, stranger.request(0, 7)],
    ['a known name and another key', 403, impostor.request(7, 8)],
    ['a signature that does not verify', 403, withNote(forgedLine)],
    ['an old size that is too small', 409, log.request(0, 9)],
    ['an old size that is too great', 409, log.request(8, 9)],
    ['no proof', 422, withNote(log.checkpoint(9))],
    ['a fork', 422, fork.request(7, 9)],
    ['a fork of the same size', 422, fork.request(7, 7)],
    [
      'a proof where none is needed',
      422,
      encodeAddCheckpoint({
        old: 7,
        proof: [EMPTY_ROOT],
        note: Buffer.from(log.checkpoint(7)),
      }),
    ],
  ];
  for (const [what, status, request] of cases) {
    const answer = witness.addCheckpoint(request);
    assert.equal(answer.status, status, `${what}: ${answer.body}`);
    if (status !== 409) continue;
    assert.equal(answer.body, '7\n');
    assert.equal(answer.contentType, 'text/x.tlog.size');
  }
  assert.deepEqual(splitViews, [[log.checkpoint(7), fork.checkpoint(7)].map(textOf)]);
  assert.equal(witness.addCheckpoint(log.request(7, 9)).status, 200, 'and the log goes on');
});

test('the empty tree has one root, and from there no proof is needed or taken', async () => {
  const log = ExampleLog.make('example.com/log', 3);
  const { witness } = await open([log.key]);
  const signed = (size: number, hash: string, proof: readonly string[] = []) =>
    encodeAddCheckpoint({
      old: 0,
      proof,
      note: Buffer.from(signCheckpoint(size, hash, log.signer)),
    });
  assert.equal(witness.addCheckpoint(signed(0, leafHash(Buffer.from('x')))).status, 422);
  assert.equal(witness.addCheckpoint(signed(0, EMPTY_ROOT, [EMPTY_ROOT])).status, 422);
  assert.equal(witness.addCheckpoint(signed(3, log.root(3), [EMPTY_ROOT])).status, 422);
  assert.equal(witness.addCheckpoint(signed(0, EMPTY_ROOT)).status, 200);
  assert.equal(witness.addCheckpoint(signed(3, log.root(3))).status, 200);
  assert.equal(witness.addCheckpoint(signed(0, EMPTY_ROOT)).status, 409);
});

test('signatures of others are ignored, and not kept', async () => {
  const log = ExampleLog.make('example.com/log', 3);
  const { witness } = await open([log.key]);
  const other = parseSignerKey(makeSignerKey('example.com/log'));
  const note = signCheckpoint(3, log.root(3), log.signer, other);
  const request = encodeAddCheckpoint({ old: 0, proof: [], note: Buffer.from(note) });
  const answer = witness.addCheckpoint(request);
  assert.equal(answer.status, 200);
  const kept = witness.checkpointOf(originOf('example.com/log').hash);
  assert.equal(kept, log.checkpoint(3) + answer.body);
});

test('a log is known by any of its keys, ML-DSA-44 alone too', async () => {
  const log = ExampleLog.make('example.com/log', 3);
  const clock = { now: () => 1_760_000_000_000 };
  const mlDsa = signerAt(parseCosignerKey(makeCosignerKey('example.com/log', 'ml-dsa-44')), clock);
  const { witness } = await open([log.key, mlDsa.verifier.text]);
  const note = Buffer.from(signCheckpoint(3, log.root(3), mlDsa));
  assert.equal(witness.addCheckpoint(encodeAddCheckpoint({ old: 0, proof: [], note })).status, 200);
});

test('what was cosigned is known after a restart, and to another process at once', async () => {
  const log = ExampleLog.make('example.com/log', 9);
  const { witness, dir } = await open([log.key]);
  const { witness: beside } = await open([log.key], { dir });
  assert.equal(witness.addCheckpoint(log.request(0, 7)).status, 200);
  assert.equal(beside.addCheckpoint(log.fork(2).request(0, 7)).status, 409);
  assert.equal(beside.addCheckpoint(log.request(7, 8)).status, 200);
  assert.equal(witness.addCheckpoint(log.request(7, 8)).body, '8\n');
});

test('two logs do not touch each other', async () => {
  const [a, b] = [ExampleLog.make('example.com/a', 9), ExampleLog.make('example.com/b', 9)];
  const { witness } = await open([a.key, b.key]);
  assert.equal(witness.addCheckpoint(a.request(0, 7)).status, 200);
  assert.equal(witness.addCheckpoint(b.request(7, 8)).body, '0\n');
  assert.equal(witness.addCheckpoint(b.request(0, 8)).status, 200);
});

test('a clock that is set back does not make a later head the older statement', async () => {
  const log = ExampleLog.make('example.com/log', 9);
  let now = 1_760_000_000_000;
  const { witness } = await open([log.key], { now: () => now });
  witness.addCheckpoint(log.request(0, 7));
  now -= 3_600_000;
  const { body } = witness.addCheckpoint(log.request(7, 8));
  const { signatures } = openNote(Buffer.from(log.checkpoint(8) + body), verifiers);
  assert.deepEqual(
    signatures.map(({ signature }) => cosignedAt(signature)),
    [1_760_000_000, 1_760_000_000],
  );
});

function textOf(note: string): string {
  return note.slice(0, note.indexOf('\n\n'));
}
