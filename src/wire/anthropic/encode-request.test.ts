import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type JsonObject, parseJsonText } from '#base/json.ts';
import type { Message, ModelRequest, Part } from '../exchange.ts';
import { anthropic } from './protocol.ts';

function encode(request: ModelRequest, dropped = new Set<string>()): JsonObject {
  const { body } = anthropic.encodeRequest(request, dropped);
  return parseJsonText(JSON.stringify(body)) as JsonObject;
}

const base: ModelRequest = {
  operation: 'generate',
  model: 'm',
  stream: false,
  messages: [],
  tools: [],
  providerTools: [],
};
const said = (role: Message['role'], ...parts: Part[]): Message => ({ role, parts });
const text = (value: string): Part => ({ type: 'text', text: value });

test('messages of other protocols are put in Anthropic’s order', () => {
  const call: Part = { type: 'tool_call', id: 'functions.f:0', name: 'f', arguments: '{"x":1}' };
  const result: Part = { type: 'tool_result', callId: 'functions.f:0', content: [] };
  const sent = encode({
    ...base,
    messages: [
      said('system', text('Be brief.')),
      said('user', text('a')),
      said('user', text('b')),
      said('assistant', text(''), call),
      said('tool', result),
      said('developer', text('Be kind.')),
      said('user', text('c')),
    ],
  });
  assert.deepEqual(sent['system'], [
    { type: 'text', text: 'Be brief.' },
    { type: 'text', text: 'Be kind.' },
  ]);
  assert.deepEqual(sent['messages'], [
    {
      role: 'user',
      content: [
        { type: 'text', text: 'a' },
        { type: 'text', text: 'b' },
      ],
    },
    {
      role: 'assistant',
      content: [{ type: 'tool_use', id: 'functions_f_0', name: 'f', input: { x: 1 } }],
    },
    {
      role: 'user',
      content: [
        { type: 'tool_result', tool_use_id: 'functions_f_0' },
        { type: 'text', text: 'c' },
      ],
    },
  ]);
});

test('limits and budgets of other protocols are made to fit Anthropic’s', () => {
  const sent = (request: Partial<ModelRequest>) => encode({ ...base, ...request });
  assert.equal(sent({})['max_tokens'], 4_096);
  assert.equal(sent({ reasoning: { budgetTokens: 9_000 } })['max_tokens'], 13_096);
  const thinking = (maxTokens: number, budgetTokens: number) =>
    sent({ maxTokens, reasoning: { budgetTokens } })['thinking'];
  assert.deepEqual(thinking(4_000, 10), { type: 'enabled', budget_tokens: 1_024 });
  assert.deepEqual(thinking(4_000, 8_000), { type: 'enabled', budget_tokens: 3_999 });
  assert.deepEqual(thinking(4_000, -1), { type: 'adaptive' });
  assert.deepEqual(thinking(4_000, 0), { type: 'disabled' });
  assert.equal(thinking(1_000, 500), undefined);
  assert.equal(sent({ temperature: 1.7 })['temperature'], 1);
  const effort = (word: 'none' | 'minimal' | 'max') => sent({ reasoning: { effort: word } });
  assert.deepEqual(effort('none')['thinking'], { type: 'disabled' });
  assert.deepEqual(effort('minimal')['output_config'], { effort: 'low' });
  assert.deepEqual(effort('max')['output_config'], { effort: 'max' });
});

test('what Anthropic cannot carry is named, or refused where it matters', () => {
  const native = { protocol: 'openai-chat', fields: { user: 'u' } } as const;
  const dropped = new Set<string>();
  encode(
    {
      ...base,
      messages: [
        said('assistant', { type: 'reasoning', text: 'x' }, { type: 'native', label: 'l', native }),
        { role: 'user', parts: [text('x')], name: 'n' },
      ],
      seed: 1,
      presencePenalty: 1,
      frequencyPenalty: 1,
      temperature: 2,
      output: { format: 'json' },
      native,
    },
    dropped,
  );
  assert.deepEqual([...dropped].sort(), [
    'frequency_penalty',
    'l',
    'name',
    'native:user',
    'output.json',
    'presence_penalty',
    'reasoning',
    'seed',
    'temperature above 1',
  ]);
  const source = { kind: 'base64', mediaType: 'audio/wav', base64: '' } as const;
  const refused: Partial<ModelRequest>[] = [
    { providerTools: [{ kind: 'web_search', wireType: 'w', runsAt: 'provider', native }] },
    { messages: [said('user', { type: 'audio', source })] },
    { messages: [said('user', { type: 'image', source })] },
    { messages: [said('user', { type: 'file', source: { kind: 'id', id: 'f' }, native })] },
    { messages: [said('assistant', { type: 'tool_call', id: 'a', name: 'f', arguments: '{"x"' })] },
  ];
  for (const each of refused) {
    assert.throws(() => encode({ ...base, ...each }), { code: 'cannot_carry' });
  }
});
