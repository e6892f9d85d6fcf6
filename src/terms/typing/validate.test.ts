/**
 * Our strict validation against the official engine's: random policies, each for a schema that it
 * may or may not fit. `FUZZ_MS` sets how long.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CEDAR_SCHEMA, cedarNode, cedarPolicy } from '../cedar.arbitrary.ts';
import { readPolicy, readSchema, validatePolicies } from '../engine.ts';
import { validationError } from './validate.ts';

const FUZZ_MS = Number(process.env['FUZZ_MS'] ?? 4_000);
const schema = readSchema(CEDAR_SCHEMA);

const condition = fc
  .nat(3)
  .chain((depth) => cedarNode('boolean', depth))
  .map(permitReading);
const policies = fc.array(fc.oneof({ weight: 5, arbitrary: condition }, cedarPolicy), {
  minLength: 1,
  maxLength: 60,
});

/** Conditions at the edges of what is known, each with whether it is valid. */
const EDGES: readonly (readonly [isValid: boolean, condition: string])[] = [
  // Required attributes of a record are there; those of an entity are not, where the entity is not.
  [true, 'context has n && context.n > 0'],
  [true, 'principal has owner && principal.owner.n > 0'],
  [false, 'principal.owner.n > 0'],
  [true, 'principal.n > 0'],
  [false, '(context has n) == true && context.owner.n > 0'],
  [true, 'if context has n then true else context.owner == 3'],
  [false, 'if principal has n then true else context.owner.n == 3'],
  // What `has` said holds on the right of `&&`, in the `then`, and where both sides of `||` say it.
  [true, 'context has owner && context.owner.n > 0'],
  [false, 'context.owner.n > 0 && context has owner'],
  [false, '!(context has owner) && context.owner.n > 0'],
  [false, '(context has owner || context has rec) && context.owner.n > 0'],
  [true, '(context has owner || context has owner && context has rec) && context.owner.n > 0'],
  [true, '(context has owner || false) && context.owner.n > 0'],
  [true, '(false || context has owner) && context.owner.n > 0'],
  [false, '(if context has owner then true else false) && context.owner.n > 0'],
  [false, '(if context.flag then context has owner else false) && context.owner.n > 0'],
  [true, '(if context.flag then context has owner else context has owner) && context.owner.n > 0'],
  [false, '(if context.flag then context has owner else true) && context.owner.n > 0'],
  [true, 'context has rec && context.rec has "has space" && context.rec["has space"]'],
  [true, 'context has rec.n && context.rec.n > 0'],
  [false, '{a: context} has a && {a: context}.a.owner == principal'],
  // Tags, by name: the very expression that was asked for.
  [true, 'principal.hasTag("a") && principal.getTag("a") > 0'],
  [false, 'principal.hasTag("a") && principal.getTag("b") > 0'],
  [true, 'principal.hasTag(context.s) && principal.getTag(context.s) > 0'],
  [false, 'principal.hasTag(context.s) && principal.getTag(principal.s) > 0'],
  [true, 'action.hasTag("a") || context.flag'],
  [false, 'Group::"a".hasTag("a") && Group::"a".getTag("a") > 0 || Group::"a".getTag("a") > 0'],
  // What cannot be is not looked at, except for its names.
  [true, 'false && context.missing'],
  [true, 'true || context.missing'],
  [false, 'context.flag || context.missing'],
  [false, 'context.missing && false'],
  [true, 'if false then context.missing else true'],
  [true, 'resource is Group && resource in Group::"g" || resource is User && resource.n > 0'],
  [true, 'principal is Group && context.missing'],
  [true, 'principal == Group::"a" && context.missing'],
  [true, 'principal in User::"a" || true'],
  [true, 'resource in User::"a" || true'],
  [false, 'false && principal == Nobody::"a"'],
  [false, 'false && principal is Nobody'],
  [true, '1 == 2 && context.missing'],
  [true, '1 != 1 && context.missing'],
  [true, '1 == "a" && context.missing'],
  [false, 'context.n == "a"'],
  [true, 'action in [Action::"any", Action::"none"] || context.missing'],
  [true, 'action in Action::"none" && context.missing'],
  [true, 'action == Action::"write" && context.missing'],
  [true, '!(action == Action::"read") && context.missing'],
  [true, 'principal in Action::"any" && context.missing'],
  // Strict validation's own rules.
  [false, '[] == []'],
  [false, 'context.setoflong.containsAny([])'],
  [false, '[1, "a"].contains(1)'],
  [true, '[true, false].contains(context.flag)'],
  [true, '[{a: true}, {a: false}].contains({a: context.flag})'],
  [false, '[{a: 1}, {b: 1}].contains({a: 1})'],
  [false, '[{a: 1}, {a: 1, b: 1}].contains({a: 1})'],
  [false, '{a: 1} == {a: 1, b: 2}'],
  [false, '[principal, Group::"a"].contains(principal)'],
  [true, 'principal == Group::"a" || context.flag'],
  [false, 'context.setofentity.contains(Group::"a")'],
  [false, '(if context.flag then 1 else "a") == 1'],
  [true, '(if context.flag then {a: true} else {a: false}).a'],
  [false, 'decimal(context.s) == decimal("1.0")'],
  [false, 'decimal("1") == decimal("1.0")'],
  [false, 'ip("::1").isInRange("::/8")'],
  [true, 'ip("::1").isInRange(context.ip)'],
  [true, 'datetime("2024-01-01") < datetime("2024-01-01").offset(context.duration)'],
  [false, 'datetime("2024-01-01") < context.duration'],
  [false, 'decimal("1.0") < decimal("2.0")'],
  [true, 'context.setofrecord.isEmpty()'],
  [false, 'context.s.isEmpty()'],
  [false, '-context.s == 1'],
  [false, 'context.s like "a" && context.n like "a"'],
  [false, 'context.n'],
  [false, 'context.n && true'],
  [false, 'if context.n then true else false'],
  [false, 'context.n in Group::"g"'],
  [false, 'principal in context.setoflong'],
  [true, 'principal in context.setofentity'],
  [false, 'context.n has a'],
  [false, 'context.n is User'],
];

test('edges of what is known are as the official engine has them', () => {
  const byId = Object.fromEntries(
    EDGES.map(([, condition]) => [condition, permitReading(condition)]),
  );
  const { errors } = validatePolicies(CEDAR_SCHEMA, byId);
  const invalid = new Set(errors.map(({ policyId }) => policyId));
  for (const [isValid, condition] of EDGES) {
    const error = validationError(readPolicy(permitReading(condition), { id: '' }), schema);
    assert.equal(!invalid.has(condition), isValid, `the official engine: ${condition}`);
    assert.equal(error === undefined, isValid, `${condition}: ${error}`);
  }
});

test('a policy is valid exactly where the official engine says so', () => {
  const seen = { valid: 0, invalid: 0 };
  fc.assert(
    fc.property(policies, (texts) => {
      const byId = Object.fromEntries(texts.map((text, i) => [`policy${i}`, text]));
      const { errors, schemaErrors } = validatePolicies(CEDAR_SCHEMA, byId);
      assert.deepEqual(schemaErrors, []);
      const invalid = new Set(errors.map(({ policyId }) => policyId));
      for (const [id, text] of Object.entries(byId)) {
        const error = validationError(readPolicy(text, { id }), schema);
        assert.equal(error !== undefined, invalid.has(id), `${text}\n${error}`);
      }
      seen.invalid += invalid.size;
      seen.valid += texts.length - invalid.size;
    }),
    {
      numRuns: Number.MAX_SAFE_INTEGER,
      interruptAfterTimeLimit: FUZZ_MS,
      markInterruptAsFailure: false,
    },
  );
  for (const [what, count] of Object.entries(seen)) assert.ok(count > 0, `${what}: ${count}`);
});

function permitReading(condition: string): string {
  return `permit(principal, action == Action::"read", resource) when { ${condition} };`;
}
