import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from './load.ts';

const parse = (text: string) => parseConfig(text, '/etc/proviso/proviso.yaml', {});

test('a log is signed with both schemes and served, and asks nobody, unless told otherwise', () => {
  const { ledger, witness } = parse('{}');
  assert.deepEqual(ledger.signatures, ['ed25519', 'ml-dsa-44']);
  assert.deepEqual([ledger.serve, ledger.prefix], [true, '/ledger/']);
  assert.equal(ledger.witnesses, undefined);
  assert.equal(witness, undefined);
});

test('paths are relative to the file, and what is left out has its value', () => {
  const { ledger, witness } = parse(
    'ledger: { witnesses: { policy: who.txt } }\nwitness: { name: w.example.org/a, logs: [a+b+c] }\n',
  );
  assert.deepEqual(ledger.witnesses, {
    policy: '/etc/proviso/who.txt',
    askMs: 10_000,
    answerWaitMsMax: 5_000,
    whenAway: 'go-on',
    awayMsMax: 60_000,
  });
  assert.deepEqual(witness, {
    name: 'w.example.org/a',
    dir: '/etc/proviso/proviso-data/witness',
    listen: { host: '127.0.0.1', port: 8788 },
    logs: ['a+b+c'],
    signatures: ['ed25519', 'ml-dsa-44'],
    requestsPerMinuteMax: 120,
  });
});

test('what cannot be is refused, by its place', () => {
  const wrong: readonly (readonly [text: string, problem: RegExp])[] = [
    ['ledger: { signatures: [ml-dsa-44] }', /`ledger.signatures` must have `ed25519`/],
    ['ledger: { signatures: [ed25591] }', /did you mean `ed25519`\?/],
    ['ledger: { prefix: ledger }', /`ledger.prefix` must be a path/],
    ['ledger: { prefix: / }', /`ledger.prefix` must be a path/],
    ['ledger: { prefix: /a b/ }', /`ledger.prefix` must be a path/],
    ['ledger: { witnesses: { whenAway: halt } }', /one of `go-on`, `stop`/],
    ['ledger: { witnesses: { polcy: x } }', /did you mean `policy`\?/],
    ['ledger: { origin: a b }', /no white space/],
    ['witness: { dir: w }', /`witness.name`/],
    ['witness: { name: a+b }', /no `\+`/],
  ];
  for (const [text, problem] of wrong) {
    assert.throws(() => parse(text), { code: 'config_invalid', message: problem }, text);
  }
});
