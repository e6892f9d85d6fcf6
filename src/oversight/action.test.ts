import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type JsonObject, parseJsonText } from '#base/json.ts';
import { ACTION_BYTES_MAX } from '#base/limits.ts';
import {
  type ActionDraft,
  actionHash,
  definitionHash,
  deliveredArguments,
  makeAction,
  parseAction,
} from './action.ts';

const draft = (args: JsonObject | string): ActionDraft => ({
  kind: 'tool_call',
  arguments: args,
  asks: ['spend', 'force'],
  caller: { id: 'c', owner: 'o', organisation: 'g', teams: [] },
  expiresAt: 5,
  ledger: 'l',
  model: null,
  purpose: null,
  terms: '0'.repeat(64),
  tool: { name: 't', classes: [], definition: null },
});

test('every part of it is in its hash, and no two are the same', () => {
  const base = makeAction(draft({ a: 1, b: { c: [2] } }));
  assert.deepEqual(base.asks, ['force', 'spend']);
  const hashes = new Set([actionHash(base)]);
  const json = JSON.stringify(base);
  // Each value replaced by another one: each changes the hash.
  const changed = [
    json.replace('"a":1', '"a":2'),
    json.replace('[2]', '[2,2]'),
    json.replace('"c":[', '"C":['),
    json.replace('"id":"c"', '"id":"d"'),
    json.replace('"owner":"o"', '"owner":"p"'),
    json.replace('"organisation":"g"', '"organisation":"h"'),
    json.replace('"teams":[]', '"teams":["x"]'),
    json.replace('"expiresAt":5', '"expiresAt":6'),
    json.replace('"ledger":"l"', '"ledger":"m"'),
    json.replace('"model":null', '"model":"m"'),
    json.replace('"purpose":null', '"purpose":{"id":"i","owner":"o","authority":"a"}'),
    json.replace('"terms":"0', '"terms":"1'),
    json.replace('"name":"t"', '"name":"u"'),
    json.replace('"classes":[]', '"classes":["x"]'),
    json.replace('"definition":null', `"definition":"${'0'.repeat(64)}"`),
    json.replace('"asks":["force",', '"asks":['),
    json.replace(/"nonce":"./, '"nonce":"_'),
  ];
  for (const text of changed) {
    assert.notEqual(text, json);
    hashes.add(actionHash(parseAction(parseJsonText(text))));
  }
  assert.equal(hashes.size, 1 + changed.length);
  assert.notEqual(actionHash(makeAction(draft({ a: 1 }))), actionHash(makeAction(draft({ a: 1 }))));
});

test('nothing is missing, and nothing is more', () => {
  const whole = JSON.parse(JSON.stringify(makeAction(draft({})))) as JsonObject;
  for (const name of Object.keys(whole)) {
    const { [name]: _left, ...rest } = whole;
    assert.throws(() => parseAction(rest), { code: 'ledger_corrupt' }, name);
  }
  assert.throws(() => parseAction({ ...whole, approved: true }), { code: 'ledger_corrupt' });
  assert.throws(() => parseAction({ ...whole, arguments: null }), { code: 'ledger_corrupt' });
  assert.throws(() => parseAction({ ...whole, arguments: [] }), { code: 'ledger_corrupt' });
  assert.throws(() => parseAction(undefined), { code: 'ledger_corrupt' });
});

test('what two readers could read differently is no action', () => {
  for (const text of [
    '{"n":12345678901234567890}',
    '{"n":[1e400]}',
    '{"n":0.1234567890123456789}',
  ]) {
    const args = parseJsonText(text) as JsonObject;
    assert.throws(() => makeAction(draft(args)), { code: 'arguments_ambiguous' }, text);
  }
  for (const text of ['{"n":9007199254740991}', '{"n":1e21}', '{"n":0.1}', '{"n":-0}']) {
    makeAction(draft(parseJsonText(text) as JsonObject));
  }
  assert.throws(() => makeAction(draft('half \ud83d')), { code: 'arguments_ambiguous' });
});

test('what nobody can judge is no action', () => {
  assert.throws(() => makeAction(draft({ text: 'x'.repeat(ACTION_BYTES_MAX) })), {
    code: 'action_too_large',
  });
});

test('free text is delivered as it is, arguments as they were signed', () => {
  const delivered = (args: JsonObject | string) => {
    const made = makeAction(draft(args));
    assert.ok(made.kind === 'tool_call');
    return deliveredArguments(made);
  };
  assert.equal(delivered(' rm -r "x" '), ' rm -r "x" ');
  assert.equal(delivered({ b: 1, a: '\u00e9' }), '{"a":"é","b":1}');
});

test('a changed definition is another tool', () => {
  const base = { name: 'n', description: 'd', parameters: { type: 'object' } };
  const hashes = [
    base,
    { ...base, name: 'm' },
    { ...base, description: 'e' },
    { ...base, parameters: {} },
    { name: 'n' },
  ].map(definitionHash);
  assert.equal(new Set(hashes).size, hashes.length);
  assert.equal(definitionHash({ ...base }), hashes[0]);
});
