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
  .map((text) => `permit(principal, action == Action::"read", resource) when { ${text} };`);
const policies = fc.array(fc.oneof({ weight: 5, arbitrary: condition }, cedarPolicy), {
  minLength: 1,
  maxLength: 60,
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
