/** The vectors of docs/spec/disclosure.md. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parseVerifierKey } from './verify/key.ts';
import { verifyFile } from './verify/verify.ts';

interface Vectors {
  readonly key: string;
  readonly valid: readonly { name: string; file: string; entries: readonly unknown[] }[];
  /** `problem`: a word of the reason. */
  readonly invalid: readonly { name: string; file: string; problem: string }[];
}

const path = new URL('../../docs/spec/vectors/disclosure.json', import.meta.url);
const { key, valid, invalid } = JSON.parse(readFileSync(path, 'utf8')) as Vectors;
const keys = [await parseVerifierKey(key)];
const verify = (file: string) => verifyFile(Buffer.from(file), { keys });

for (const { name, file, entries } of valid) {
  test(`valid: ${name}`, async () => {
    const verdict = await verify(file);
    assert.equal(verdict.problem, undefined);
    assert.deepEqual(
      verdict.entries.map((entry) => ({ index: entry.index, private: entry.private })),
      entries,
    );
  });
}

for (const { name, file, problem } of invalid) {
  test(`invalid: ${name}`, async () => {
    const verdict = await verify(file);
    assert.equal(verdict.isShown, false);
    const { message = '' } = verdict.problem ?? {};
    assert.ok(message.includes(problem), message);
  });
}

test('there are vectors of both kinds', () => assert.ok(valid.length > 3 && invalid.length > 15));
