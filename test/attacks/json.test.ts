/** Bodies that two readers could read differently, or that are made to exhaust one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject } from '#base/json.ts';
import { PROTOCOLS, type Protocol } from '#wire/exchange.ts';
import { arena } from '../harness/attack.ts';
import { bodyOf, pathOf, post, toolsOf } from '../harness/raw.ts';

const attack = arena();
const TEXT = 'Which berths are free?';

/** A body with one of its keys named twice: what was decided, and what a laxer reader would take. */
function doubled(protocol: Protocol, key: string, value: string): string {
  const body = JSON.stringify(bodyOf(protocol, TEXT, toolsOf(protocol, 'find_berth')));
  assert.ok(body.includes(`"${key}":`), key);
  return body.replace(`"${key}":`, `"${key}":${value},"${key}":`);
}

const DOUBLED: Readonly<Record<Protocol, readonly (readonly [string, string])[]>> = {
  'openai-chat': [
    ['model', '"openai-chat-other"'],
    ['messages', '[]'],
    ['tools', '[]'],
    ['role', '"system"'],
    ['content', '"launch"'],
    ['name', '"fire_weapon"'],
  ],
  'openai-responses': [
    ['model', '"openai-responses-other"'],
    ['input', '"launch"'],
    ['tools', '[]'],
    ['name', '"fire_weapon"'],
  ],
  anthropic: [
    ['model', '"anthropic-other"'],
    ['messages', '[]'],
    ['tools', '[]'],
    ['max_tokens', '1'],
    ['name', '"fire_weapon"'],
  ],
  gemini: [
    ['contents', '[]'],
    ['parts', '[]'],
    ['tools', '[]'],
    ['name', '"fire_weapon"'],
  ],
};

for (const protocol of PROTOCOLS) {
  for (const [key, value] of DOUBLED[protocol]) {
    test(`${protocol}: \`${key}\` twice`, async () => {
      await attack.refuses(pathOf(protocol), doubled(protocol, key, value), 'duplicate_key');
    });

    test(`${protocol}: \`${key}\` twice, once in escapes`, async () => {
      const escaped = `\\u${key.charCodeAt(0).toString(16).padStart(4, '0')}${key.slice(1)}`;
      const text = doubled(protocol, key, value).replace(`"${key}":`, `"${escaped}":`);
      await attack.refuses(pathOf(protocol), text, 'duplicate_key');
    });

    test(`${protocol}: \`${key}\` beside a spelling that a laxer reader would take for it`, async () => {
      for (const other of [key.toUpperCase(), key[0]?.toUpperCase() + key.slice(1), `${key} `]) {
        const text = doubled(protocol, key, value).replace(`"${key}":`, `"${other}":`);
        await attack.refuses(pathOf(protocol), text, ['unknown_field', 'invalid_request']);
      }
    });
  }

  test(`${protocol}: arguments of an earlier tool call with a key twice`, async () => {
    // As text they are words to a model of the same protocol; as an object they would be read.
    const model = protocol === 'gemini' ? {} : { model: 'anthropic-model' };
    const body = historyOf(protocol, '{"a":1,"a":2}', model);
    await attack.refuses(pathOf(protocol), body, ['duplicate_key', 'cannot_carry']);
  });

  test(`${protocol}: keys that reach into JavaScript's objects`, async () => {
    const body = JSON.stringify(bodyOf(protocol, TEXT));
    for (const key of ['__proto__', '\\u005f_proto__', 'constructor', 'prototype', 'toString']) {
      const text = body.replace('{', `{"${key}":{"model":"other","stream":true},`);
      await attack.refuses(pathOf(protocol), text, ['invalid_json', 'unknown_field']);
    }
    assert.equal(({} as { stream?: boolean }).stream, undefined);
  });
}

function historyOf(protocol: Protocol, json: string, fields: JsonObject): string {
  const body = ((): JsonObject => {
    switch (protocol) {
      case 'openai-chat': {
        const call = { id: 'c', type: 'function', function: { name: 'f', arguments: '@' } };
        return bodyOf(protocol, TEXT, {
          messages: [
            { role: 'user', content: TEXT },
            { role: 'assistant', content: null, tool_calls: [call] },
            { role: 'tool', tool_call_id: 'c', content: 'x' },
          ],
        });
      }
      case 'openai-responses':
        return bodyOf(protocol, TEXT, {
          input: [
            { type: 'function_call', call_id: 'c', name: 'f', arguments: '@' },
            { type: 'function_call_output', call_id: 'c', output: 'x' },
          ],
        });
      case 'anthropic':
        return bodyOf(protocol, TEXT, {
          messages: [
            { role: 'user', content: TEXT },
            { role: 'assistant', content: [{ type: 'tool_use', id: 'c', name: 'f', input: '@' }] },
            { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'c', content: 'x' }] },
          ],
        });
      case 'gemini':
        return {
          contents: [
            { role: 'user', parts: [{ text: TEXT }] },
            { role: 'model', parts: [{ functionCall: { name: 'f', args: '@' } }] },
          ],
        };
    }
  })();
  const isText = protocol.startsWith('openai');
  return JSON.stringify({ ...body, ...fields }).replace(
    '"@"',
    isText ? JSON.stringify(json) : json,
  );
}

const CHAT = pathOf('openai-chat');
const chatText = () => JSON.stringify(bodyOf('openai-chat', TEXT));

const MALFORMED: Readonly<Record<string, string | Uint8Array<ArrayBuffer>>> = {
  'nothing at all': '',
  'a second body after the first': `${chatText()}${chatText()}`,
  'a comment': chatText().replace('{', '{/* */'),
  'a comma too many': chatText().replace(/\}$/, ',}'),
  'a key without quotes': chatText().replace('"model"', 'model'),
  'a number that is none': chatText().replace('{', '{"temperature":NaN,'),
  'bytes that are not UTF-8': Uint8Array.from(
    Buffer.from(chatText().replace('Which', 'W\u00ff'), 'latin1'),
  ),
  'an overlong form of a quote': Uint8Array.from(
    Buffer.concat([Buffer.from('{"model":"a'), Buffer.of(0xc0, 0xa2), Buffer.from('"}')]),
  ),
  'UTF-16': Uint8Array.from(Buffer.from(chatText(), 'utf16le')),
  'half a character': chatText().replace('Which', '\\ud800'),
  'half a character in a key': chatText().replace('{', '{"\\udfff":1,'),
  'a control character in a string': chatText().replace('Which', 'W\u0001'),
};

for (const [what, body] of Object.entries(MALFORMED)) {
  test(`not JSON: ${what}`, async () => {
    await attack.refuses(CHAT, body, 'invalid_json');
  });
}

for (const [what, body] of Object.entries({
  list: '[]',
  text: '"x"',
  number: '1',
  nothing: 'null',
})) {
  test(`JSON, but a ${what} and no object`, async () => {
    await attack.refuses(CHAT, body, 'invalid_request');
  });
}

test('a byte order mark is not taken for white space', async () => {
  await attack.refuses(CHAT, `\u{feff}${chatText()}`, 'invalid_json');
});

test('nesting beyond any schema is refused before it is walked', async () => {
  for (const [open, close] of [
    ['[', ']'],
    ['{"a":', '}'],
  ] as const) {
    for (const depth of [200, 100_000]) {
      const bomb = `${open.repeat(depth)}0${close.repeat(depth)}`;
      const body = chatText().replace('{', `{"metadata":${bomb},`);
      await attack.refuses(CHAT, body, 'invalid_json');
    }
  }
});

test('ten megabytes of `[`, and of other unclosed things, cost little', async () => {
  for (const piece of ['[', '{"a":', '"', '\\', '[{"a":[']) {
    const begunAt = performance.now();
    await attack.refuses(CHAT, piece.repeat(10e6 / piece.length), 'invalid_json');
    assert.ok(performance.now() - begunAt < 3_000, piece);
  }
});

test('a million keys, and a million items, cost little', async () => {
  const keys = Array.from({ length: 500_000 }, (_, i) => `"k${i}":0`).join(',');
  const bodies = [
    chatText().replace('{', `{${keys},`),
    chatText().replace('{', `{"logit_bias":[${'0,'.repeat(1e6)}0],`),
    chatText().replace(/"messages":\[/, `$&${'{},'.repeat(500_000)}`),
  ];
  for (const body of bodies) {
    const begunAt = performance.now();
    await attack.refuses(CHAT, body, ['unknown_field', 'invalid_request']);
    assert.ok(performance.now() - begunAt < 5_000);
  }
});

test('numbers without bounds are refused, or carried digit for digit', async () => {
  for (const number of ['1e999999', '-1e400', '9'.repeat(400), '0.1e-99999']) {
    await attack.refuses(CHAT, chatText().replace('{', `{"max_completion_tokens":${number},`), [
      'invalid_request',
      'invalid_json',
    ]);
  }
  const exact = '12345678901234567890';
  const schema = { type: 'object', properties: { n: { maximum: '@' } } };
  const tools = [{ type: 'function', function: { name: 'f', parameters: schema } }];
  const body = JSON.stringify(bodyOf('openai-chat', TEXT, { tools })).replace('"@"', exact);
  assert.equal((await post(attack.proviso, CHAT, body)).status, 200);
  assert.match(attack.upstream.take()[0]?.text ?? '', new RegExp(`"maximum":${exact}`));
});
