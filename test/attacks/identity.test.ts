/** Keys and purposes that are not one's own, and what those without a key can learn. */
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import { type TestContext, test } from 'node:test';
import { crc32 } from 'node:zlib';
import { revokeCallerKey } from '#gateway/changes.ts';
import { PROTOCOLS } from '#wire/exchange.ts';
import { arena } from '../harness/attack.ts';
import { modelOf } from '../harness/gateway.ts';
import { bodyOf, codeOf, pathOf, post } from '../harness/raw.ts';
import { requestOn } from '../harness/socket.ts';

const PURPOSE = { owner: 'harbour master', authority: 'by-law 12' };
const attack = arena({
  config: {
    purposes: {
      ours: { ...PURPOSE, title: 'Ours', callers: ['tester'] },
      theirs: { ...PURPOSE, title: 'Theirs', callers: ['someone-else'] },
      'their-team': { ...PURPOSE, title: 'Their team’s', teams: ['another-team'] },
      ended: { ...PURPOSE, title: 'Ended', callers: ['*'], endsAt: '2020-01-01T00:00:00Z' },
    },
  },
});
const CHAT = pathOf('openai-chat');
const BODY = bodyOf('openai-chat', 'Which berths are free?');

/** Only these headers, and no key but what they say. */
function bare(headers: Readonly<Record<string, string>>, path = CHAT) {
  return fetch(attack.proviso.address + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(BODY),
  });
}

const WRONG: Readonly<Record<string, (key: string) => string>> = {
  'no key': () => '',
  'a key of another vendor': () => 'sk-proj-0123456789',
  'the key in upper case': (key) => key.toUpperCase(),
  'one letter in another case': (key) => key.replace(/[a-f]/, (letter) => letter.toUpperCase()),
  'the key without its last letter': (key) => key.slice(0, -1),
  'the key and a letter more': (key) => `${key}0`,
  'the key with a space in it': (key) => `${key.slice(0, 20)} ${key.slice(20)}`,
  'the key with a tab before it': (key) => `\t\t${key}x`,
  'the key twice': (key) => `${key}, ${key}`,
  'the key’s secret under another id': (key) => `prv_000000000000${key.slice(16)}`,
  'the id alone': (key) => key.slice(0, 16),
  'the key of a scheme that nobody has': (key) => `Basic ${key}`,
  'a scheme twice': (key) => `Bearer ${key}`,
  'a hash in the key’s place': (key) => `prv_${crypto.hash('sha256', key, 'hex')}`,
};

for (const [what, change] of Object.entries(WRONG)) {
  test(`${what} opens nothing`, async () => {
    const authorization = `Bearer ${change(attack.proviso.key)}`;
    await attack.refuses(CHAT, BODY, 'caller_unknown', { authorization });
    const key = change(attack.proviso.key);
    for (const header of ['x-api-key', 'x-goog-api-key', 'api-key']) {
      if (what === 'a scheme twice') continue;
      const answer = await bare({ [header]: key });
      assert.equal(answer.status, 401, header);
    }
    assert.deepEqual(attack.upstream.take(), []);
  });
}

test('a key that was revoked opens nothing from then on, on an open connection too', async (t) => {
  const { id, key } = await attack.proviso.newKey({ id: 'leaver' });
  const socket = await requestOn(attack.proviso, t);
  const request = () => socket.send('POST', CHAT, BODY, { authorization: `Bearer ${key}` });
  assert.match(await request(), /^HTTP\/1\.1 200 /);
  await revokeCallerKey(attack.proviso.gateway, id);
  assert.match(await request(), /^HTTP\/1\.1 401 .*"code":"caller_revoked"/s);
  assert.equal(attack.upstream.take().length, 1);
});

test('a key past its end opens nothing', async () => {
  const { key } = await attack.proviso.newKey({ id: 'guest', expiresAt: Date.now() - 1 });
  await attack.refuses(CHAT, BODY, 'caller_expired', { authorization: `Bearer ${key}` });
});

test('two keys that differ name nobody, wherever they stand', async () => {
  const { key } = attack.proviso;
  const { key: other } = await attack.proviso.newKey({ id: 'someone-else' });
  for (const headers of [
    { authorization: `Bearer ${key}`, 'x-api-key': other },
    { authorization: `Bearer ${other}`, 'x-api-key': key },
    { 'x-goog-api-key': key, 'api-key': other },
  ]) {
    assert.equal((await bare(headers)).status, 401);
  }
  assert.equal(
    (await bare({ authorization: `Bearer ${key}` }, `${CHAT}?key=${other}`)).status,
    401,
  );
  assert.equal((await bare({}, `${CHAT}?key=${key}&key=${other}`)).status, 401);
  assert.deepEqual(attack.upstream.take(), []);
  assert.equal((await bare({ authorization: `Bearer ${key}`, 'x-api-key': key })).status, 200);
  // Clients send what they find in the environment beside what they were given.
  assert.equal((await bare({ authorization: 'Bearer sk-ant-x', 'x-api-key': key })).status, 200);
});

test('a key header twice names nobody', async (t) => {
  const { key } = attack.proviso;
  for (const name of ['authorization', 'x-api-key']) {
    const value = name === 'authorization' ? `Bearer ${key}` : key;
    const twice = { [name]: `${value}\r\n${name}: ${value.slice(0, -1)}x` };
    const socket = await requestOn(attack.proviso, t);
    assert.match(await socket.send('POST', CHAT, BODY, twice), /^HTTP\/1\.1 401 /);
  }
  assert.deepEqual(attack.upstream.take(), []);
});

const PURPOSES: Readonly<Record<string, string>> = {
  'one that nobody registered': 'none',
  'another caller’s': 'theirs',
  'another team’s': 'their-team',
  'one’s own in another case': 'Ours',
  'one’s own with something after it': 'ours, theirs',
  'an empty one': '',
  'one that JavaScript’s objects have': '__proto__',
};

for (const [what, purpose] of Object.entries(PURPOSES)) {
  test(`the purpose is ${what}: refused`, async () => {
    const { text } = await attack.refuses(CHAT, BODY, 'purpose_unknown', {
      'proviso-purpose': purpose,
    });
    assert.doesNotMatch(text, /someone-else|another-team/);
  });
}

test('a purpose that has ended is refused', async () => {
  await attack.refuses(CHAT, BODY, 'purpose_ended', { 'proviso-purpose': 'ended' });
});

test('the purpose twice is refused', async (t) => {
  for (const second of ['ours', 'theirs']) {
    const socket = await requestOn(attack.proviso, t);
    const answer = await socket.send('POST', CHAT, BODY, {
      authorization: `Bearer ${attack.proviso.key}`,
      'proviso-purpose': `ours\r\nproviso-purpose: ${second}`,
    });
    assert.match(answer, /^HTTP\/1\.1 403 .*"code":"purpose_unknown"/s);
  }
  assert.deepEqual(attack.upstream.take(), []);
});

test('a key that is bound to a purpose has no other, and one of two must be named', async () => {
  const { key } = await attack.proviso.newKey({ id: 'bound', purposes: ['ours'] });
  const authorization = `Bearer ${key}`;
  for (const purpose of ['theirs', 'ended', 'their-team']) {
    await attack.refuses(CHAT, BODY, ['purpose_unknown'], {
      authorization,
      'proviso-purpose': purpose,
    });
  }
  const from = await attack.proviso.settled();
  assert.equal((await bare({ authorization })).status, 200);
  const [entry] = await attack.proviso.entries(from);
  assert.equal(entry?.public['purpose'], 'ours');
});

test('a purpose in the body, or in a header of another name, is none', async () => {
  const from = await attack.proviso.settled();
  const body = bodyOf('openai-chat', 'Which?', { metadata: { 'proviso-purpose': 'ours' } });
  const answer = await post(attack.proviso, CHAT, body, { 'x-proviso-purpose': 'ours' });
  assert.equal(answer.status, 200);
  const [entry] = await attack.proviso.entries(from);
  assert.equal(entry?.public['purpose'], undefined);
});

test('without a key nothing is learnt: no models, no fields, no purposes, no decisions', async () => {
  const { address } = attack.proviso;
  const from = await attack.proviso.settled();
  const learnt = new Set<string>();
  for (const protocol of PROTOCOLS) {
    const known = modelOf(protocol);
    for (const [path, body] of [
      [pathOf(protocol), bodyOf(protocol, 'x')],
      [pathOf(protocol, false, 'no-such-model'), bodyOf(protocol, 'x', { model: 'none' })],
      [pathOf(protocol), { x_unknown: 1 }],
    ] as const) {
      for (const headers of [{}, { 'proviso-purpose': 'ours' }, { 'proviso-purpose': 'none' }]) {
        const answer = await fetch(address + path, {
          method: 'POST',
          headers: { 'content-type': 'application/json', ...headers },
          body: JSON.stringify(body),
        });
        assert.equal(answer.status, 401);
        learnt.add(`${protocol} ${await answer.text()}`);
      }
    }
    for (const path of ['/v1/models', `/v1/models/${known}`, '/v1beta/models', '/v1/models/none']) {
      const answer = await fetch(address + path);
      assert.equal(answer.status, 401, path);
      assert.doesNotMatch(await answer.text(), /model"|-model/);
    }
  }
  assert.equal(learnt.size, PROTOCOLS.length, [...learnt].join('\n'));
  assert.deepEqual(await attack.proviso.entries(from), []);
  assert.deepEqual(attack.upstream.take(), []);
});

test('an id that exists and one that does not are told apart by neither words nor comparison', async (t) => {
  const compared = spyOnComparison(t);
  const { key } = attack.proviso;
  const last = key.endsWith('0') ? '1' : '0';
  const answers = new Set<string>();
  for (const wrong of [remade(key), remade(`prv_ffffffffffff${key.slice(16)}`)]) {
    const before = compared.length;
    const answer = await bare({ authorization: `Bearer ${wrong}` });
    answers.add(`${answer.status} ${await answer.text()}`);
    assert.equal(compared.length, before + 1);
  }
  assert.equal(answers.size, 1);
  assert.equal((await bare({ 'x-api-key': key.slice(0, -1) + last })).status, 401);
});

/** With another secret, and a checksum that fits. */
function remade(key: string): string {
  const body = key.slice(0, 17) + '0'.repeat(48);
  return body + crc32(body).toString(16).padStart(8, '0');
}

/** Every comparison in constant time, by the length of what was compared. */
function spyOnComparison(t: TestContext): readonly number[] {
  const compared: number[] = [];
  const real = crypto.timingSafeEqual;
  crypto.timingSafeEqual = (a, b) => {
    compared.push(a.byteLength);
    return real(a, b);
  };
  syncBuiltinESMExports();
  t.after(() => {
    crypto.timingSafeEqual = real;
    syncBuiltinESMExports();
  });
  return compared;
}

test('a refusal never repeats the key', async () => {
  const { key } = attack.proviso;
  for (const wrong of [`${key}0`, key.toUpperCase(), 'sk-planted-elsewhere']) {
    const answer = await post(attack.proviso, CHAT, BODY, { authorization: `Bearer ${wrong}` });
    assert.equal(codeOf(answer), 'caller_unknown');
    assert.ok(!answer.text.includes(wrong) && !answer.text.includes(key.slice(20)));
  }
});
