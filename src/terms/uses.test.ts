/** Which names a rule looks at, and in which direction. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readPolicy } from './engine.ts';
import type { PackRule } from './rules.ts';
import { usesOf } from './uses.ts';

function uses(condition: string, head = '(principal, action, resource)'): readonly string[] {
  const text = `forbid${head} when { ${condition} };`;
  const found = usesOf({ policy: readPolicy(text, { id: 'r' }) } as PackRule);
  return Object.entries(found).flatMap(([kind, names]) =>
    [...(names as ReadonlyMap<string, ReadonlySet<number>>)].map(
      ([name, signs]) =>
        `${kind} ${name} ${[...signs].map((sign) => (sign === 1 ? '+' : '-')).join('')}`,
    ),
  );
}

test('more of what is asked for makes a rule match more, and more of what is excepted less', () => {
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ['resource in ToolClass::"a"', ['class a +']],
    ['!(resource in ToolClass::"a")', ['class a -']],
    ['resource in [ToolClass::"a", ToolClass::"b"]', ['class a +', 'class b +']],
    ['context.toolClasses.contains(ToolClass::"a")', ['class a +']],
    [
      'context.topics.contains("a") && !context.toolTopics.contains("b")',
      ['topic a +', 'topic b -'],
    ],
    ['context.topics.containsAny(["a", "b"])', ['topic a +', 'topic b +']],
    ['!context.approvals.containsAll(["a"])', ['approval a -']],
    ['context.topics.isEmpty()', ['topic * -']],
    ['!context.topics.isEmpty()', ['topic * +']],
    // Each class there is takes tools from those that are in none.
    ['resource in ToolClass::"unclassified"', ['class * -']],
    ['if context.topics.contains("a") then true else false', ['topic a +-']],
    ['context.topics == ["a"]', ['topic * +-']],
    ['["a"].containsAll(context.topics)', ['topic * +-']],
    ['context.persons > 3 && context.purpose.allows.contains("a")', []],
  ];
  for (const [condition, expected] of cases) assert.deepEqual(uses(condition), expected, condition);
  const head = '(principal, action, resource in ToolClass::"a")';
  assert.deepEqual(uses('true', head), ['class a +']);
});
