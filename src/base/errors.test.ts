import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { asProvisoError, ERROR_CODES, ProvisoError } from './errors.ts';

test('docs/errors.md has a row for each code, with its status and meaning, and no other', () => {
  const page = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8');
  const rows = [...page.matchAll(/^\| `(\w+)` \| (\d+) \| (.+?) \|/gm)];
  const documented = Object.fromEntries(
    rows.map(([, code, status, meaning]) => [code, [Number(status), meaning]]),
  );
  assert.deepEqual(documented, ERROR_CODES);
});

test('what is not ours says nothing to the outside', () => {
  const error = asProvisoError(new Error('secret at 10.0.0.1'));
  assert.equal(error.code, 'internal');
  assert.doesNotMatch(error.publicMessage, /secret|10\.0/);
  assert.equal((error.cause as Error).message, 'secret at 10.0.0.1');
});

test('a coded error passes as it is', () => {
  const error = new ProvisoError('model_unknown', 'No.', { status: 418, facts: { entry: 3 } });
  assert.equal(asProvisoError(error), error);
  assert.deepEqual([error.status, error.facts], [418, { entry: 3 }]);
});
