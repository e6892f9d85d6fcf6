import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { inputsOf } from './inputs.ts';
import { manifest, smallPack } from './pack.example.ts';
import { type Pack, parsePack } from './pack.ts';

const pack = (changed?: Parameters<typeof smallPack>[0]): Pack =>
  parsePack(smallPack(changed), 'p');

const RED_LINE = '@id("red") @clause("forbidden")\nforbid(principal, action, resource);\n';

test('each input changes with what it is of, and with nothing else', () => {
  const before = inputsOf(pack(), undefined);
  const changes = (changed: Parameters<typeof smallPack>[0], against?: Pack) => {
    const after = inputsOf(pack(changed), against);
    return (Object.keys(before) as (keyof typeof before)[]).filter(
      (name) => before[name] !== after[name],
    );
  };
  const open = Buffer.from(smallPack().get('rules/open.cedar') ?? '').toString();
  assert.deepEqual(changes({}), []);
  assert.deepEqual(changes({ 'rules/open.cedar': `${open}// more\n` }), ['policies']);
  assert.deepEqual(changes({ 'rules/open.cedar': open.replace(';', ' ;') }), ['policies', 'proof']);
  assert.deepEqual(changes({ 'redlines.cedar': RED_LINE }), ['policies', 'proof']);
  assert.deepEqual(changes({ 'schema.cedarschema': '// other\n' }), ['proof', 'schema']);
  assert.deepEqual(changes({ 'terms.yaml': manifest('# more\n') }), ['manifest', 'proof']);
  assert.deepEqual(changes({ 'tests/all.yaml': '[]\n' }), []);
  assert.deepEqual(changes({}, pack()), ['proof']);
});

test('the hashes are those that docs/spec/terms.md says', () => {
  const redLines = { 'redlines.cedar': RED_LINE };
  const { files, schema } = pack(redLines);
  const old = pack({ ...redLines, 'terms.yaml': manifest('# older\n') });
  const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
  const text = (path: string): string => files.get(path)?.text ?? '';
  const policies = ['redlines.cedar', 'rules/forbidden.cedar', 'rules/open.cedar'];
  const [noPersons, askFirst, needsPurpose] = text('rules/forbidden.cedar').split(/(?=@id)/);
  const rules = {
    'ask-first': sha256(askFirst?.trim() ?? ''),
    'needs-a-purpose': sha256(needsPurpose?.trim() ?? ''),
    'no-persons': sha256(noPersons?.trim() ?? ''),
    open: sha256(text('rules/open.cedar').trim()),
  };
  const bound = { redLines: { red: sha256(RED_LINE.trim()) }, schema: sha256(schema) };
  const against = { assurances: {}, manifest: sha256(manifest('# older\n')), ...bound };
  const proven = {
    against,
    assurances: {},
    manifest: sha256(manifest()),
    redLines: bound.redLines,
  };
  assert.deepEqual(inputsOf(pack(redLines), old), {
    manifest: sha256(manifest()),
    policies: sha256(
      JSON.stringify(Object.fromEntries(policies.map((path) => [path, sha256(text(path))]))),
    ),
    proof: sha256(JSON.stringify({ ...proven, rules, schema: sha256(schema) })),
    schema: sha256(schema),
    text: sha256(text('text.md')),
  });
});

test('what binds of an older version is part of what was proven', () => {
  const bound = inputsOf(pack(), pack({ 'redlines.cedar': RED_LINE }));
  assert.notEqual(inputsOf(pack(), pack()).proof, bound.proof);
  // Rules of an older version bind nobody.
  const forbidden = {
    'rules/open.cedar': '@id("o") @clause("open")\npermit(principal, action, resource);\n',
  };
  assert.equal(inputsOf(pack(), pack(forbidden)).proof, inputsOf(pack(), pack()).proof);
});
