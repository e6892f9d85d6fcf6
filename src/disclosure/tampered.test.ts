import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { canonicalJson, type JsonObject } from '#base/json.ts';
import { rootsOf, tilesIn } from '#ledger/prove.ts';
import { hashToBase64 } from '#ledger/tree.ts';
import type { Question, Source } from './choose.ts';
import { disclose } from './disclose.ts';
import { exampleLedger, STARTED_AT } from './ledger.example.ts';
import { parseVerifierKey, type VerifierKey } from './verify/key.ts';
import { hiddenRanges } from './verify/tree.ts';
import type { Verdict } from './verify/verdict.ts';
import { verifyFile } from './verify/verify.ts';

const SIZE = 281;
const dir = mkdtempSync(join(tmpdir(), 'proviso-tampered-'));
after(() => rmSync(dir, { recursive: true }));
let source: Source;
let keys: readonly VerifierKey[];

before(async () => {
  source = await exampleLedger(dir, (SIZE - 1) / 2);
  keys = [await parseVerifierKey(source.log.text)];
});

const ask = (question: Partial<Question>) =>
  disclose(source, { where: [], fields: ['effect'], isComplete: false, ...question });

const verify = (text: string): Promise<Verdict> => verifyFile(Buffer.from(text), { keys });

type Member = Record<string, unknown>;
type Json = Member & { entries: [Member, ...Member[]] };

/** Each is refused, whatever else the file says. */
const tampered: Readonly<Record<string, [problem: RegExp, tamper: (file: Json) => void]>> = {
  'a public fact is another': [
    /another root/,
    ({ entries: [first] }) => {
      first['entry'] = String(first['entry']).replace('deny', 'hold');
    },
  ],
  'an entry has another number': [
    /another root/,
    ({ entries: [first] }) => {
      first['index'] = Number(first['index']) + 1;
    },
  ],
  'an entry is missing': [/too many hashes/, ({ entries }) => void entries.splice(2, 1)],
  'a value is another': [
    /does not commit/,
    ({ entries: [first] }) => {
      const [one] = first['disclosures'] as string[];
      const text = Buffer.from(String(one), 'base64url').toString().replace('"ann"', '"eve"');
      first['disclosures'] = [Buffer.from(text).toString('base64url')];
    },
  ],
  'a value is that of another entry': [
    /does not commit/,
    ({ entries: [first, second] }) => {
      first['disclosures'] = second?.['disclosures'];
    },
  ],
  'a value stands there twice': [
    /has `caller` twice/,
    ({ entries: [first] }) => {
      first['disclosures'] = [first['disclosures'], first['disclosures']].flat();
    },
  ],
  'a value is shown that the fields do not name': [
    /does not name `caller`/,
    (file) => {
      file['fields'] = ['effect'];
    },
  ],
  'a value is said to be erased and is shown': [
    /cannot have `caller` erased/,
    ({ entries: [first] }) => {
      first['erased'] = ['caller'];
    },
  ],
  'a hash of the proof is another': [
    /another root/,
    (file) => {
      const proof = file['proof'] as string[];
      file['proof'] = proof.with(0, proof[1] as string);
    },
  ],
  'the proof has a hash more': [
    /too many hashes/,
    (file) => {
      const proof = file['proof'] as string[];
      file['proof'] = [...proof, proof[0]];
    },
  ],
  'the checkpoint has another size': [
    /does not verify/,
    (file) => {
      file['checkpoint'] = String(file['checkpoint']).replace(`\n${SIZE}\n`, `\n${SIZE - 1}\n`);
    },
  ],
  'the filters are others': [
    /does not match the filters/,
    (file) => {
      file['where'] = ['effect=permit'];
    },
  ],
  'a filter is misspelt': [
    /`efect=deny` is no filter/,
    (file) => {
      file['where'] = ['efect=deny'];
    },
  ],
  'there is an unknown member': [
    /unknown member `note`/,
    (file) => {
      file['note'] = 'trust me';
    },
  ],
  'the type is another': [
    /`type` is not/,
    (file) => {
      file['type'] = 'proviso-disclosure/v2';
    },
  ],
  'it claims to be complete': [
    /entries from 0 to 280, 20 are here/,
    (file) => {
      file['range'] = { from: 0, to: SIZE };
    },
  ],
};

for (const [what, [problem, tamper]] of Object.entries(tampered)) {
  test(`a file is refused where ${what}`, async () => {
    const { text } = await ask({
      where: ['effect=deny,purpose=minutes'],
      fields: ['caller', 'effect'],
    });
    const file = JSON.parse(text) as Json;
    tamper(file);
    const verdict = await verify(`${canonicalJson(file as JsonObject)}\n`);
    assert.deepEqual([verdict.isShown, verdict.entries, verdict.shown], [false, [], []]);
    assert.match(verdict.problem?.message ?? '', problem);
  });
}

/** Of a complete disclosure of the entries 10 to 19, by time. */
const incomplete: Readonly<Record<string, [problem: RegExp, tamper: (file: Json) => void]>> = {
  'an entry of it is missing': [
    /from 11 to 20, 9 are here/,
    ({ entries }) => void entries.splice(4, 1),
  ],
  'it names more than is there': [
    /from 11 to 23, 11 are here/,
    (file) => {
      file['range'] = { ...(file['range'] as object), to: 24 };
    },
  ],
  'the entry before it is missing': [
    /begins after, is not here/,
    ({ entries }) => void entries.shift(),
  ],
  'the entry after it is missing': [
    /ends before, is not here/,
    ({ entries }) => void entries.pop(),
  ],
  'it names an earlier instant': [
    /Entry 10 is not beside/,
    (file) => {
      file['range'] = { ...(file['range'] as object), after: STARTED_AT };
    },
  ],
  'it names a later instant': [
    /Entry 21 is not beside/,
    (file) => {
      file['range'] = { ...(file['range'] as object), before: STARTED_AT + 60_000 };
    },
  ],
  'it names less than is there': [
    /Entry 10 is not beside/,
    (file) => {
      file['range'] = { ...(file['range'] as object), from: 12 };
    },
  ],
  'a decision lacks a value': [
    /does not show its `caller`/,
    ({ entries }) => {
      for (const entry of entries) entry['disclosures'] = [];
    },
  ],
};

for (const [what, [problem, tamper]] of Object.entries(incomplete)) {
  test(`a complete disclosure is refused where ${what}`, async () => {
    const from = { at: STARTED_AT + 5_000 };
    const to = { at: STARTED_AT + 10_000 };
    const { text } = await ask({ fields: ['caller'], isComplete: true, from, to });
    assert.ok((await verify(text)).isShown);
    const file = JSON.parse(text) as Json;
    tamper(file);
    // With the proof that such a file would have, had the ledger been asked for it.
    const indexes = file.entries.map(({ index }) => Number(index));
    const hashes = await rootsOf(tilesIn(dir, SIZE), hiddenRanges(SIZE, indexes));
    file['proof'] = hashes.map(hashToBase64);
    const verdict = await verify(`${canonicalJson(file as JsonObject)}\n`);
    assert.equal(verdict.isShown, false);
    assert.match(verdict.problem?.message ?? '', problem);
  });
}
