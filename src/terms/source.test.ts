import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readPolicy } from './engine.ts';
import { fillSlots, markLongIntegers, splitPolicies } from './source.ts';

const PERMIT = 'permit(principal, action, resource)';

test('policies are split at their own semicolons only', () => {
  const texts = [
    `${PERMIT};`,
    `@id("a;b // c")\n${PERMIT} when { context.s == "\\";" };`,
    `${PERMIT} unless { context.s like "*//;\\*" };`,
  ];
  const between = ['', '\n// permit(principal, action, resource);\n', '  // ";\n'];
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.constantFrom(...between), fc.constantFrom(...texts))),
      (parts) => {
        const whole = parts.map(([gap, text]) => gap + text).join('');
        const policies = splitPolicies(whole);
        assert.deepEqual(
          policies.map(({ text }) => text),
          parts.map(([, text]) => text),
        );
        for (const { text, start } of policies) {
          assert.equal(whole.slice(start, start + text.length), text);
        }
      },
    ),
  );
});

test('long integers come through exactly, and nothing else is touched', () => {
  const integer = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
  fc.assert(
    fc.property(integer, (value) => {
      const text = `${PERMIT} when { context.n == ${value} && context.a9007199254740993 && context.s == "9007199254740993" };`;
      const policy = readPolicy(text, { id: 'p' });
      const plain = JSON.stringify(policy.conditions, (_key, value) =>
        typeof value === 'bigint' ? `${value}` : (value as unknown),
      );
      assert.ok(plain.includes(`${value}`.replace(/^-/, '')));
      assert.ok(plain.includes('"a9007199254740993"') && plain.includes('"9007199254740993"'));
    }),
  );
});

test('the mark is no word of the text', () => {
  const { text, mark } = markLongIntegers('LongInteger::"x" == 9223372036854775807');
  assert.equal(mark, 'LongInteger_');
  assert.equal(text, 'LongInteger::"x" == LongInteger_::"9223372036854775807"');
});

test('slots are filled in the head of a template, and nowhere else', () => {
  const template = `// ?principal
@note("?principal") permit(principal == ?principal, action, resource in ?resource) when { "?resource" == "x" };`;
  const values = new Map([
    ['?principal', 'U::"a"'],
    ['?resource', 'G::"?principal"'],
  ]);
  assert.equal(
    fillSlots(template, values),
    template.replace('== ?principal', '== U::"a"').replace('in ?resource', 'in G::"?principal"'),
  );
});
