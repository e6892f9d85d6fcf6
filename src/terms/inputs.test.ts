import assert from 'node:assert/strict';
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

test('what binds of an older version is part of what was proven', () => {
  const bound = inputsOf(pack(), pack({ 'redlines.cedar': RED_LINE }));
  assert.notEqual(inputsOf(pack(), pack()).proof, bound.proof);
  // Rules of an older version bind nobody.
  const forbidden = {
    'rules/open.cedar': '@id("o") @clause("open")\npermit(principal, action, resource);\n',
  };
  assert.equal(inputsOf(pack(), pack(forbidden)).proof, inputsOf(pack(), pack()).proof);
});
