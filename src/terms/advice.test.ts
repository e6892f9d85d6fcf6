/** What is not wrong with a pack and may not be meant. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { adviceOn, unclassifiedTools } from './advice.ts';
import { manifest, smallPack } from './pack.example.ts';
import { parsePack } from './pack.ts';
import { problemLine } from './problems.ts';

function advice(changed: Readonly<Record<string, string>>): readonly string[] {
  return adviceOn(parsePack(smallPack(changed), 'p')).map((one) => problemLine('p', one));
}

test('words that no clause covers are told, but not those before the first', () => {
  const text = Buffer.from(smallPack().get('text.md') ?? []).toString();
  const unused = 'p/terms.yaml:9:3: No rule looks at the topic `force`.';
  assert.deepEqual(advice({}), [unused]);
  const more = `${text}\n## Exceptions — “many”\n\nNotwithstanding all that.\n`;
  assert.deepEqual(advice({ 'text.md': more }), [
    'p/text.md:11:1: Belongs to no clause: “## Exceptions — “many””',
    unused,
  ]);
});

test('tool classes and topics that no rule looks at are told', () => {
  const yaml = manifest().replace('topics:\n', "  spare: { meaning: X., names: ['x'] }\ntopics:\n");
  const withClass = yaml.replace(/(approvals:\n.*\n)( {2}spare.*\n)/, '$2$1');
  assert.deepEqual(advice({ 'terms.yaml': withClass }), [
    'p/terms.yaml:6:3: No rule looks at the tool class `spare`.',
    'p/terms.yaml:10:3: No rule looks at the topic `force`.',
  ]);
});

test('tools of the tests that are in no class are named once', () => {
  const tests = `- { name: a, toolCall: { tool: chart }, expect: permit }
- { name: b, toolCall: { tool: fire_all }, expect: hold }
- { name: c, call: { tools: [mail, chart, fire] }, expect: permit }
`;
  const pack = parsePack(smallPack({ 'tests/all.yaml': tests }), 'p');
  assert.deepEqual(unclassifiedTools(pack), ['chart', 'mail']);
});
