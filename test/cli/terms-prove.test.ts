/** `terms prove` and `terms analyze`: exit codes, one JSON document each, and no process left. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { EXAMPLE_TERMS, proviso, provisoJson, ROOT, temporaryFolder } from './run.ts';

const LAWFUL_USE = join(ROOT, 'examples/terms/any-lawful-use');

test('the example packs are proven', async () => {
  for (const pack of [EXAMPLE_TERMS, LAWFUL_USE]) {
    const { code, document } = await provisoJson('terms', 'prove', pack);
    assert.equal(code, 0);
    assert.equal(document['verdict'], 'proven');
    assert.deepEqual(document['problems'], []);
  }
});

test('what an older version forbids is found, and told with a request', async () => {
  const args = ['terms', 'prove', LAWFUL_USE, '--against', EXAMPLE_TERMS];
  const { code, document } = await provisoJson(...args);
  assert.equal(code, 2);
  const broken = document['problems'].find(
    ({ check }: { check: string }) => check === 'within the ceiling',
  );
  assert.equal(broken.rule, 'red-line-mass-surveillance-by-a-tool');
  assert.deepEqual(broken.environment, {
    principal: 'Caller',
    action: 'callTool',
    resource: 'Tool',
  });
  assert.equal(broken.example.context.persons, 101);
  const { stdout } = await proviso(...args);
  assert.match(stdout, /context\.persons = 101\n/);
  assert.match(stdout, /not proven\n$/);
});

const SCHEMA = `
namespace App {
  entity User = { age: Long };
  entity Doc;
  action view, edit appliesTo { principal: User, resource: Doc, context: { n: Long } };
}`;
const ADULTS = `permit(principal, action, resource) when { principal.age >= 18 };`;

function files(texts: Readonly<Record<string, string>>, folder: string): (name: string) => string {
  for (const [name, text] of Object.entries(texts)) writeFileSync(join(folder, name), text);
  return (name) => join(folder, name);
}

test('two policy sets are compared for each kind of request', async (t) => {
  const at = files(
    {
      schema: SCHEMA,
      adults: ADULTS,
      elders: ADULTS.replace('18', '60'),
      again: 'permit(principal, action, resource) unless { principal.age < 18 };',
      children: `permit(principal, action, resource) when { principal.age < 18 };`,
      editors: `${ADULTS} permit(principal, action == App::Action::"edit", resource);`,
    },
    temporaryFolder(t),
  );
  const compared = async (a: string, b: string) => {
    const args = ['terms', 'analyze', at(a), at(b), '--schema', at('schema')];
    const { code, document } = await provisoJson(...args);
    assert.equal(code, 0);
    return document['environments'];
  };
  for (const [other, result, examples] of [
    ['again', 'equivalent', 0],
    ['elders', 'more permissive', 1],
    ['children', 'incomparable', 2],
  ] as const) {
    const environments = await compared('adults', other);
    assert.deepEqual(
      environments.map((found: Record<string, unknown[]>) => ({
        ...found,
        counterexamples: found['counterexamples']?.length,
      })),
      ['edit', 'view'].map((action) => ({
        principal: 'User',
        action,
        resource: 'Doc',
        result,
        counterexamples: examples,
      })),
    );
  }
  const [edit, view] = await compared('adults', 'editors');
  assert.deepEqual([edit.result, view.result], ['less permissive', 'equivalent']);
  const [{ allowedBy, request }] = edit.counterexamples;
  assert.equal(allowedBy, 'second');
  assert.deepEqual(request.action, { type: 'App::Action', id: 'edit' });
});

test('one policy set is analyzed', async (t) => {
  const at = files(
    {
      schema: SCHEMA,
      policies: `
        ${ADULTS}
        @id("elders") permit(principal, action, resource) when { principal.age >= 60 };
        @id("same") permit(principal, action, resource) unless { principal.age < 18 };
        @id("never") forbid(principal, action, resource) when { context.n > 3 && context.n < 3 };
        @id("overflow") forbid(principal, action == App::Action::"edit", resource) when { context.n + 1 < 0 };
        @id("no-elders") forbid(principal, action == App::Action::"view", resource) when { principal.age > 50 };`,
    },
    temporaryFolder(t),
  );
  const args = ['terms', 'analyze', at('policies'), '-s', at('schema')];
  const { code, document } = await provisoJson(...args);
  assert.equal(code, 0);
  assert.deepEqual(document['vacuous'], [{ policy: 'never', applies: 'never' }]);
  const shadows = [
    { kind: 'shadowed', policy: 'elders', by: 'policy0' },
    { kind: 'shadowed', policy: 'elders', by: 'same' },
    { kind: 'redundant', policies: ['policy0', 'same'] },
  ];
  const [edit, view] = document['environments'];
  const [error, ...others] = edit.findings;
  assert.deepEqual([error.kind, error.policy], ['can error', 'overflow']);
  const sorted = (findings: readonly unknown[]): readonly string[] =>
    findings.map((finding) => JSON.stringify(finding)).sort();
  assert.deepEqual(sorted(others), sorted(shadows));
  const overridden = { kind: 'overridden', policy: 'elders', by: 'no-elders' };
  assert.deepEqual(sorted(view.findings), sorted([...shadows, overridden]));
});

test('policies that do not fit the schema are wrong input', async (t) => {
  const at = files({ schema: SCHEMA, wrong: ADULTS.replace('age', 'agee') }, temporaryFolder(t));
  const { code, document } = await provisoJson('terms', 'analyze', at('wrong'), '-s', at('schema'));
  assert.equal(code, 3);
  assert.equal(document['error'].code, 'terms_invalid');
});
