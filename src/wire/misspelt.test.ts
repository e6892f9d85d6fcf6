/** INVARIANT (2): a required field that is misspelt is refused by the name that the caller wrote. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { protocols } from './protocols.ts';

const user = { role: 'user', content: 'Hello' };
const MISSPELT = [
  ['openai-chat', 'mesages', { model: 'm', mesages: [user] }],
  ['openai-chat', 'modle', { modle: 'm', messages: [user] }],
  ['anthropic', 'mesages', { model: 'm', max_tokens: 9, mesages: [user] }],
  ['anthropic', 'modle', { modle: 'm', max_tokens: 9, messages: [user] }],
] as const;

for (const [protocol, field, body] of MISSPELT) {
  test(`${protocol}: \`${field}\` is named`, () => {
    const route = { operation: 'generate' } as const;
    const decode = () =>
      protocols[protocol].decodeRequest(body, { route, allowedFields: new Set() });
    assert.throws(decode, { code: 'unknown_field', message: new RegExp(`\`${field}\``) });
  });
}
