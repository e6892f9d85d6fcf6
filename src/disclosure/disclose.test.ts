import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { JsonObject } from '#base/json.ts';
import { parseJsonText } from '#base/json.ts';
import { signatureLine } from '#base/note.ts';
import { makeCosignerKey, parseCosignerKey, signerAt } from '#ledger/cosignature.ts';
import { openLedger } from '#ledger/ledger.ts';
import { encodeTlogProof, proveInclusion } from '#ledger/prove.ts';
import { WITNESSED_FILE } from '#ledger/public-files.ts';
import { readBundle } from '#ledger/read.ts';
import type { Question, Source } from './choose.ts';
import { disclose } from './disclose.ts';
import { exampleLedger, ORIGIN, STARTED_AT } from './ledger.example.ts';
import { parseVerifierKey, type VerifierKey } from './verify/key.ts';
import type { Verdict } from './verify/verdict.ts';
import { verifyFile } from './verify/verify.ts';

const CALLS = 140;
const SIZE = 1 + 2 * CALLS;
const root = mkdtempSync(join(tmpdir(), 'proviso-disclose-'));
after(() => rmSync(root, { recursive: true }));
const dir = join(root, 'ledger');
let source: Source;
let keys: readonly VerifierKey[];

before(async () => {
  source = await exampleLedger(dir, CALLS);
  keys = [await parseVerifierKey(source.log.text)];
});

const ask = (question: Partial<Question>) =>
  disclose(source, { where: [], fields: ['effect'], isComplete: false, ...question });

const verify = (text: string, trusted = keys): Promise<Verdict> =>
  verifyFile(Buffer.from(text), { keys: trusted });

test('chosen fields of chosen entries, and no other private value', async () => {
  const { text, sha256 } = await ask({
    where: ['kind=decision,effect=deny', 'purpose=minutes'],
    fields: ['caller', 'effect'],
  });
  const verdict = await verify(text);
  assert.equal(verdict.problem, undefined);
  assert.ok(verdict.isShown && verdict.entries.length > 10);
  for (const entry of verdict.entries) {
    assert.deepEqual(
      [entry.kind, entry.public['effect'], entry.matches],
      ['decision', 'deny', 'yes'],
    );
    assert.deepEqual(Object.keys(entry.private), ['caller']);
    assert.equal((entry.private['caller'] as JsonObject)['id'], 'ann');
  }
  assert.doesNotMatch(text, /question|answer/);
  assert.doesNotMatch(Buffer.from(text).toString('base64url'), /question/);
  assert.match(sha256, /^[0-9a-f]{64}$/);
  assert.ok(verdict.notShown.some((sentence) => /no other entry matches/.test(sentence)));
});

test('a filter on who called is answered from the vault, and shown only where it is asked for', async () => {
  const hidden = await verify((await ask({ where: ['caller=bob'], fields: ['effect'] })).text);
  assert.equal(hidden.entries.length, CALLS / 2);
  assert.ok(
    hidden.entries.every(
      ({ matches, private: values }) => matches === 'unknown' && Object.keys(values).length === 0,
    ),
  );
  assert.ok(
    hidden.notShown.some((sentence) => /a value that they ask for is not shown/.test(sentence)),
  );
  const shown = await verify((await ask({ where: ['caller=bob'], fields: ['caller'] })).text);
  assert.ok(shown.entries.every(({ matches }) => matches === 'yes'));
});

test('a complete disclosure shows that there is nothing: by number, and by time', async () => {
  const byNumber = await ask({ where: ['provider=c'], fields: ['targets'], isComplete: true });
  const verdict = await verify(byNumber.text);
  assert.equal(verdict.entries.length, SIZE);
  assert.ok(verdict.shown.some((sentence) => /none matches `provider=c`/.test(sentence)));

  const half = STARTED_AT + (CALLS / 2) * 1_000;
  const from = { at: half };
  const to = { at: half + 3_600_000 };
  // The hour in which nothing was called at all.
  const empty = await verify((await ask({ isComplete: true, from, to })).text);
  assert.deepEqual(
    empty.entries.map(({ index, matches }) => [index, matches]),
    [
      [CALLS, undefined],
      [CALLS + 1, undefined],
    ],
  );
  assert.ok(empty.shown.some((sentence) => /No entry stood there/.test(sentence)));
  const later = await verify((await ask({ isComplete: true, from })).text);
  assert.equal(later.entries.length, CALLS + 1);
});

test('a range up to an instant after the newest entry says what it does not show', async () => {
  const to = { at: STARTED_AT + 86_400_000 };
  const verdict = await verify((await ask({ isComplete: true, to })).text);
  assert.ok(verdict.shown.some((sentence) => /to the ledger’s newest entry/.test(sentence)));
  assert.ok(verdict.notShown.some((sentence) => /after the newest entry/.test(sentence)));
});

test('a complete disclosure of a private value has it for every decision', async () => {
  const where = ['caller=eve'];
  await assert.rejects(ask({ where, isComplete: true }), { code: 'usage_invalid' });
  const { text } = await ask({ where, fields: ['caller'], isComplete: true });
  const verdict = await verify(text);
  assert.ok(verdict.shown.some((sentence) => /none matches `caller=eve`/.test(sentence)));
  const content = await verify((await ask({ fields: ['content'], isComplete: true })).text);
  assert.equal(content.entries.filter((entry) => entry.private['content']).length, 2 * CALLS);
});

test('what cannot be asked is refused, with what to do', async () => {
  const refused = [
    [{ where: ['efect=deny'] }, 'usage_invalid', /`kind`/],
    [{ where: ['effect'] }, 'usage_invalid', /name=value/],
    [{ where: ['purpose=none'] }, 'not_found', /--complete/],
    [{ fields: ['caller.id'] }, 'usage_invalid', /disclosed whole/],
    [{ from: { entry: 5 }, to: { entry: 4 } }, 'usage_invalid', /ends before/],
    [{ to: { entry: SIZE + 1 } }, 'usage_invalid', /has 281 entries/],
  ] as const;
  for (const [question, code, message] of refused) {
    await assert.rejects(ask(question), { code, message });
  }
});

test('the head that witnesses cosigned is taken where it covers all, and says who saw it when', async () => {
  const copy = join(root, 'witnessed');
  const own = await exampleLedger(copy, 10);
  const witness = signerAt(parseCosignerKey(makeCosignerKey('witness.example', 'ed25519')), {
    now: () => STARTED_AT,
  });
  const note = readFileSync(join(copy, 'checkpoint'), 'utf8');
  const text = note.slice(0, note.indexOf('\n\n') + 1);
  writeFileSync(join(copy, WITNESSED_FILE), note + signatureLine(text, witness));
  const log = await parseVerifierKey(own.log.text);
  const trusted = [log, await parseVerifierKey(witness.verifier.text)];
  const all = { where: [], fields: ['effect'], isComplete: true };
  const seen = await verify((await disclose(own, all)).text, trusted);
  assert.deepEqual(seen.checkpoint?.cosignatures, [{ name: 'witness.example', at: STARTED_AT }]);
  assert.ok(seen.shown.some((sentence) => /`witness.example` saw this head/.test(sentence)));
  const unnamed = await verify((await disclose(own, all)).text, [log]);
  assert.ok(unnamed.notShown.some((sentence) => /lines by `witness.example`/.test(sentence)));

  const clock = { now: () => STARTED_AT + 86_400_000 };
  const ledger = await openLedger({ dir: copy, origin: ORIGIN, clock });
  await ledger.append({ kind: 'stop', public: {} });
  await ledger.close();
  const sizeOf = async (question: Question) =>
    (await verify((await disclose(own, question)).text, trusted)).checkpoint?.size;
  assert.equal(await sizeOf({ ...all, to: { entry: 21 } }), 21);
  assert.equal(await sizeOf(all), 22);
});

test('what was erased is said to be, and everything else still shown', async () => {
  const copy = join(root, 'erased');
  const own = await exampleLedger(copy, 20);
  const clock = { now: () => STARTED_AT + 86_400_000 };
  const earlier = await disclose(own, { where: [], fields: ['caller'], isComplete: true });
  const ledger = await openLedger({ dir: copy, origin: ORIGIN, clock });
  await ledger.erase('purpose:minutes');
  await ledger.close();
  const ownKeys = [await parseVerifierKey(own.log.text)];
  const { text } = await disclose(own, { where: [], fields: ['caller'], isComplete: true });
  const verdict = await verify(text, ownKeys);
  assert.ok(verdict.isShown);
  const erased = verdict.entries.filter((entry) => entry.erased.length > 0);
  assert.ok(erased.length > 0 && erased.every((entry) => entry.public['purpose'] === 'minutes'));
  assert.ok(verdict.notShown.some((sentence) => /`caller` of .*erased/.test(sentence)));
  // INVARIANT (8): what was proven before stays proven.
  assert.ok((await verify(earlier.text, ownKeys)).isShown);
});

test('a disclosure is not made from a folder that does not verify', async () => {
  const copy = join(root, 'changed');
  const own = await exampleLedger(copy, 20);
  const path = join(copy, 'tile/entries/000.p/41');
  const bytes = readFileSync(path, 'latin1');
  writeFileSync(path, bytes.replace('"effect":"deny"', '"effect":"fine"'), 'latin1');
  const question = { where: [], fields: ['effect'], isComplete: true };
  await assert.rejects(disclose(own, question), { code: 'ledger_corrupt' });
});

test('without the key, or with another’s, nothing is shown, and it is said whose key it is', async () => {
  const { text } = await ask({ where: ['effect=deny'] });
  const none = await verify(text, []);
  assert.deepEqual([none.isShown, none.problem?.signedBy], [false, source.log.text]);
  const own = await exampleLedger(join(root, 'other'), 1);
  const other = await verify(text, [await parseVerifierKey(own.log.text)]);
  assert.deepEqual([other.isShown, other.entries, other.shown], [false, [], []]);
  assert.match(other.problem?.message ?? '', /not among those that you named/);
});

test('only the one spelling of a file is read', async () => {
  const { text } = await ask({ where: ['effect=deny'] });
  const value = parseJsonText(text) as JsonObject;
  for (const spelling of [
    text.trimEnd(),
    ` ${text}`,
    `${text}\n`,
    JSON.stringify(value, null, 1),
  ]) {
    assert.equal((await verify(spelling)).isShown, false);
  }
  for (const garbage of ['', '{', '[]', 'x', '{"a":1}\n', '\0', `${'['.repeat(100_000)}\n`]) {
    assert.equal((await verify(garbage)).isShown, false);
  }
  assert.equal((await verifyFile(Uint8Array.of(0xff, 0xfe), { keys })).isShown, false);
});

test('a checkpoint and a tlog-proof are verified too', async () => {
  const checkpoint = readFileSync(join(dir, 'checkpoint'), 'utf8');
  assert.ok((await verify(checkpoint)).isShown);
  assert.equal((await verify(checkpoint, [])).isShown, false);
  assert.equal((await verify(checkpoint.replace(`\n${SIZE}\n`, `\n${SIZE + 1}\n`))).isShown, false);

  const index = 77;
  const proof = encodeTlogProof({
    index,
    proof: await proveInclusion(dir, SIZE, index),
    checkpoint,
  });
  const entry = (await readBundle(dir, SIZE, 0))[index] as Buffer;
  const bytes = Buffer.from(proof);
  const shown = await verifyFile(bytes, { keys, entry });
  assert.deepEqual([shown.isShown, shown.entries[0]?.index], [true, index]);
  assert.match((await verifyFile(bytes, { keys })).problem?.message ?? '', /give that entry/);
  const other = (await readBundle(dir, SIZE, 0))[index + 1] as Buffer;
  assert.equal((await verifyFile(bytes, { keys, entry: other })).isShown, false);
  const moved = Buffer.from(proof.replace(`index ${index}`, `index ${index + 1}`));
  assert.equal((await verifyFile(moved, { keys, entry })).isShown, false);
});
