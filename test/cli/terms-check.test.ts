/** `terms check`: what a solver finds wrong with single rules, and what is only advised. */
import assert from 'node:assert/strict';
import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { provisoJson, ROOT, temporaryFolder } from './run.ts';

const HARBOUR = join(ROOT, 'examples/terms/harbour');
const ATTEMPTS = join(ROOT, 'examples/terms/attempts');

test('a red line that applies to nothing is wrong, by line and column', async () => {
  const pack = join(ATTEMPTS, 'vacuous-red-line');
  const { code, document } = await provisoJson('terms', 'check', pack);
  assert.equal(code, 2);
  assert.deepEqual(document, {
    valid: false,
    problems: [
      `${pack}/redlines.cedar:1:1: \`red-line-lists-of-persons\` applies to no call at all.`,
    ],
  });
});

test('a permit that cannot always be evaluated is advised against', async (t) => {
  const pack = join(temporaryFolder(t), 'pack');
  cpSync(HARBOUR, pack, { recursive: true });
  const permit = `@id("more") @clause("open-use")
permit(principal, action, resource) when { context.persons * 4000000000000000000 > 9 };\n`;
  writeFileSync(join(pack, 'rules/more.cedar'), permit);
  const { code, document } = await provisoJson('terms', 'check', pack);
  assert.equal(code, 0);
  assert.equal(document['valid'], true);
  assert.deepEqual(document['unclassified'], ['signal']);
  assert.equal(document['advice'].length, 1);
  assert.match(
    document['advice'][0],
    /rules\/more\.cedar:1:1: `more` cannot be evaluated for every call, .* names 3 persons/,
  );
});
