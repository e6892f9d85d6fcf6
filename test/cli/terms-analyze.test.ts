/** `terms analyze`: the shape of its JSON, templates, schemas in JSON, and the options of proofs. */
import assert from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { findCvc5 } from '#terms/prove/cvc5.ts';
import { proviso, provisoJson, temporaryFolder } from './run.ts';

const SCHEMA = {
  App: {
    entityTypes: { User: {}, Doc: {} },
    actions: {
      view: {
        appliesTo: {
          principalTypes: ['User'],
          resourceTypes: ['Doc'],
          context: { type: 'Record', attributes: { n: { type: 'Long' } } },
        },
      },
    },
  },
};
const POLICIES = `@id("share") permit(principal == ?principal, action, resource)
when { context.n > 3 };
@id("never") permit(principal, action, resource) when { context.n > 3 && context.n < 3 };
`;
const LINKS = ['ann', 'bob'].map((name) => ({
  template_id: 'share',
  link_id: `share-${name}`,
  args: { '?principal': `App::User::"${name}"` },
}));

function files(t: TestContext): (name: string) => string {
  const folder = temporaryFolder(t);
  const texts = {
    'schema.json': JSON.stringify(SCHEMA),
    'policies.cedar': POLICIES,
    'all.cedar': 'permit(principal, action, resource);',
    'links.json': JSON.stringify(LINKS),
  };
  for (const [name, text] of Object.entries(texts)) writeFileSync(join(folder, name), text);
  return (name) => join(folder, name);
}

test('templates are analyzed as their links fill them, by a schema in JSON', async (t) => {
  const at = files(t);
  const args = [at('policies.cedar'), '--schema', at('schema.json'), '--links', at('links.json')];
  const one = await provisoJson('terms', 'analyze', ...args);
  assert.deepEqual(
    [one.code, one.document],
    [
      0,
      {
        vacuous: [{ policy: 'never', applies: 'never' }],
        environments: [{ principal: 'User', action: 'view', resource: 'Doc', findings: [] }],
      },
    ],
  );
  const two = await provisoJson('terms', 'analyze', at('all.cedar'), ...args);
  assert.equal(two.code, 0);
  assert.deepEqual(Object.keys(two.document), ['environments']);
  const [{ counterexamples, ...environment }] = two.document['environments'];
  assert.deepEqual(environment, {
    principal: 'User',
    action: 'view',
    resource: 'Doc',
    result: 'more permissive',
  });
  assert.equal(counterexamples.length, 1);
  // Without links a template is no policy.
  const { code } = await provisoJson('terms', 'analyze', ...args.slice(0, 3));
  assert.equal(code, 3);
});

test('answers are kept where that is asked for, and said to be', async (t) => {
  const at = files(t);
  const folder = at('answers');
  const args = ['terms', 'analyze', at('all.cedar'), '-s', at('schema.json'), '--cache', folder];
  const first = await proviso(...args);
  assert.deepEqual([first.code, first.stderr], [0, '']);
  assert.ok(readdirSync(folder).length > 0);
  const again = await proviso(...args);
  assert.deepEqual([again.code, again.stdout], [0, first.stdout]);
  assert.match(again.stderr, /answers of z3-solver [\d.]+ came from `/);
});

test('a second solver agrees where it is installed, and is asked for in vain where it is not', async (t) => {
  const at = files(t);
  const args = ['terms', 'analyze', at('all.cedar'), '-s', at('schema.json')];
  const isThere = (await findCvc5()) !== undefined;
  if (!isThere) t.diagnostic('cvc5 is not on the PATH');
  const { code, document } = await provisoJson(...args, '--cross-check', 'cvc5');
  assert.equal(code, isThere ? 0 : 1);
  if (!isThere) assert.equal(document['error'].code, 'system_failed');
  assert.equal((await proviso(...args, '--cross-check', 'z4')).code, 3);
  assert.equal((await proviso(...args, '--processes', '0')).code, 3);
});
