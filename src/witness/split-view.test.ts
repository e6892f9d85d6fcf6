import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { ExampleLog } from './log.example.ts';
import { encodeSplitView, findSplitView, type SplitView, verifySplitView } from './split-view.ts';

const SIZE = 300;
const log = ExampleLog.make('example.com/log', SIZE);
const { verifier } = log.signer;
const invalid = { code: 'proof_invalid' };

const find = (a: ExampleLog, size1: number, b: ExampleLog, size2: number) =>
  findSplitView(
    verifier,
    [a.checkpoint(size1), b.checkpoint(size2)],
    size1 <= size2 ? b.tiles(size2) : a.tiles(size1),
  );

test('two heads contradict each other exactly where the logs part before the smaller ends', async () => {
  const sizes = fc.integer({ min: 1, max: SIZE });
  await fc.assert(
    fc.asyncProperty(sizes, sizes, fc.nat({ max: SIZE }), async (size1, size2, from) => {
      const view = await find(log, size1, log.fork(from), size2);
      assert.equal(view !== undefined, from < Math.min(size1, size2));
      if (!view) return;
      const shown = verifySplitView(Buffer.from(encodeSplitView(view)), log.key);
      const expected = [Math.min(size1, size2), Math.max(size1, size2)];
      assert.deepEqual(
        shown.heads.map(({ size }) => size),
        expected,
      );
    }),
    { numRuns: 60 },
  );
});

test('the vector of docs/spec/witness.md shows a split view', () => {
  const vector = new URL('../../docs/spec/vectors/split-view.json', import.meta.url);
  const { log: shownLog, heads } = verifySplitView(readFileSync(vector), undefined);
  assert.equal(shownLog.name, 'example.com/log');
  assert.deepEqual(
    heads.map(({ size }) => size),
    [3, 5],
  );
});

test('tiles that are not those of the greater head show nothing', async () => {
  const fork = log.fork(100);
  const notes = [log.checkpoint(200), fork.checkpoint(290)] as const;
  await assert.rejects(findSplitView(verifier, notes, log.tiles(290)), invalid);
});

test('a file that was changed, or is about an honest log, is refused', async () => {
  const view = (await find(log, 200, log.fork(100), 290)) as SplitView;
  const file = JSON.parse(encodeSplitView(view)) as Record<string, unknown>;
  const text = (changes: object) => Buffer.from(JSON.stringify({ ...file, ...changes }));
  assert.equal(verifySplitView(text({}), undefined).log.text, log.key);
  const other = ExampleLog.make('example.com/log', 3);
  const proof = file['proof'] as string[];
  const honest = {
    heads: [log.checkpoint(200), log.checkpoint(290)],
    prefixRoot: Buffer.from(log.root(200), 'latin1').toString('base64'),
    proof: log.proof(200, 290).map((hash) => Buffer.from(hash, 'latin1').toString('base64')),
  };
  const cases: readonly (readonly [what: string, bytes: Buffer, key?: string])[] = [
    ['another key is trusted', text({}), other.key],
    ['another key is named', text({ log: other.key })],
    ['a head by another key', text({ heads: [other.checkpoint(2), log.checkpoint(290)] })],
    ['the heads the other way round', text({ heads: view.heads.toReversed() })],
    ['another prefix', text({ prefixRoot: honest.prefixRoot })],
    ['a proof cut short', text({ proof: proof.slice(1) })],
    ['no proof', text({ proof: [] })],
    ['a hash that is none', text({ prefixRoot: 'AAAA' })],
    ['heads that do not contradict each other', text(honest)],
    [
      'one head twice',
      text({
        heads: [log.checkpoint(200), log.checkpoint(200)],
        prefixRoot: honest.prefixRoot,
        proof: [],
      }),
    ],
    ['an unknown field', text({ more: 1 })],
    ['another version', text({ v: 2 })],
    ['no JSON', Buffer.from('{')],
  ];
  for (const [what, bytes, key] of cases) {
    assert.throws(() => verifySplitView(bytes, key), invalid, what);
  }
});
