/** `terms compare`: exit codes, one JSON document, and a page that someone can read. */
import assert from 'node:assert/strict';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { EXAMPLE_TERMS, proviso, provisoJson, ROOT, temporaryFolder } from './run.ts';

const LAWFUL_USE = join(ROOT, 'examples/terms/any-lawful-use');

test('two agreements are a page for those who negotiate them', async () => {
  const { code, stdout } = await proviso('terms', 'compare', EXAMPLE_TERMS, LAWFUL_USE);
  assert.equal(code, 2);
  const page = stdout.replace(/\s+/g, ' ');
  for (const words of [
    'Neither allows all that the other allows: restricted-use allows more under 2 clauses, any-lawful-use under 4 clauses. All other calls are decided alike, which is proven.',
    'only in restricted-use: “A human decides on force” (red-line-force-without-a-human, lifted by the approval `force`)',
    'only restricted-use has the topic `surveillance`',
    'restricted-use waits for the approval `force` where any-lawful-use permits: · A model wants to run a tool of the class `force`, for a purpose that states an authority.',
    'A caller asks a model something that names 26 persons, without a purpose. Likewise for tool calls, embeddings and token counts. by many-persons-in-a-call, many-persons-in-a-tool-call',
  ]) {
    assert.ok(page.includes(words), words);
  }
  const wide = stdout.split('\n').filter((line) => line.length > 100);
  assert.deepEqual(wide, []);
});

test('a later version is compared with the one before, as data', async (t) => {
  const later = join(temporaryFolder(t), 'later');
  cpSync(EXAMPLE_TERMS, later, { recursive: true });
  const change = (file: string, from: string, to: string): void => {
    const path = join(later, file);
    const text = readFileSync(path, 'utf8');
    assert.ok(text.includes(from), from);
    writeFileSync(path, text.replace(from, to));
  };
  change('terms.yaml', 'version: 1.0.0', 'version: 1.1.0');
  const same = await provisoJson('terms', 'compare', EXAMPLE_TERMS, later);
  assert.equal(same.code, 0);
  assert.equal(same.document['verdict'], 'equivalent');
  assert.equal(same.document['second'].version, '1.1.0');

  change('rules/surveillance.cedar', 'context.persons > 25', 'context.persons > 50');
  const { code, document } = await provisoJson('terms', 'compare', EXAMPLE_TERMS, later);
  assert.equal(code, 2);
  assert.equal(document['differences'].length, 1);
  const [{ freer, effects, clause, rules, examples }] = document['differences'];
  assert.equal(freer, 'second');
  assert.deepEqual(effects, { first: 'deny', second: 'permit' });
  assert.equal(clause.id, 'no-mass-surveillance');
  assert.deepEqual(rules, ['many-persons-in-a-call']);
  assert.equal(examples[0].request.context.persons, 26);
});
