/**
 * INVARIANT (1): arguments that two readers can read differently are refused, since what was decided
 * must be what the caller's own parser sees.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { arena } from '../harness/attack.ts';
import { outcomeOf } from '../harness/gateway.ts';
import { bodyOf, pathOf, post } from '../harness/raw.ts';
import { speak } from '../harness/said/speak.ts';
import { says } from '../harness/upstream.ts';

const attack = arena();

const AMBIGUOUS: Readonly<Record<string, string>> = {
  'a key twice': '{"at":"pier","at":"quay"}',
  'a key twice, once escaped': '{"at":"pier","\\u0061t":"quay"}',
  'half a JSON': '{"at":"pi',
  'two values': '{"at":"pier"}{"at":"quay"}',
  'a list': '["pier"]',
  'a word': 'true',
  'half a character': '{"at":"\\ud800"}',
};

for (const [what, text] of Object.entries(AMBIGUOUS)) {
  test(`a tool call whose arguments are ${what} is withheld`, async () => {
    const call = { id: 'call_1', name: 'find_berth', arguments: text };
    attack.upstream.answer(says(speak('openai-chat', { calls: [call] })));
    const from = await attack.proviso.settled();
    const body = bodyOf('openai-chat', 'Which berths are free?');
    const answer = await post(attack.proviso, pathOf('openai-chat'), body);
    assert.equal(answer.status, 200);
    assert.match(answer.text, /Proviso withheld a call of the tool `find_berth`/);
    assert.doesNotMatch(answer.text, /"tool_calls":\[/);
    const entries = await attack.proviso.entries(from);
    const decided = entries.find(({ public: { action } }) => action === 'call_tool');
    assert.equal(decided?.public['code'], 'arguments_ambiguous');
    assert.equal(outcomeOf(entries, decided?.index ?? -1)['outcome'], 'withheld');
  });
}
