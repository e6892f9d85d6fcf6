import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AuthorizationCall, isAuthorized } from '@cedar-policy/cedar-wasm/nodejs';
import fc from 'fast-check';
import { anyFacts } from './facts.arbitrary.ts';
import { smallPack } from './pack.example.ts';
import { parsePack } from './pack.ts';
import { reachableEntities } from './reachable.ts';
import { referenceCall } from './reference.ts';
import { requestOf } from './request.ts';
import { compileToolClasses } from './tools.ts';

const toolClasses = compileToolClasses(new Map([['force', ['fire*']]]));

test('no reference dangles, and every hierarchy is transitively closed', () => {
  fc.assert(
    fc.property(anyFacts, (facts) => {
      const entities = reachableEntities(requestOf(facts, toolClasses));
      for (const entity of entities.values()) {
        assert.ok(entity.facts, entity.key);
        for (const [key, ancestor] of entity.facts.ancestors) {
          assert.ok(entities.has(key));
          assert.ok(ancestor.facts);
          assert.notEqual(key, entity.key);
          for (const further of ancestor.facts.ancestors.keys()) {
            assert.ok(entity.facts.ancestors.has(further), `${entity.key} → ${further}`);
          }
        }
      }
    }),
  );
});

test('every request is one that the base schema describes', () => {
  const { schema } = parsePack(smallPack(), 'pack');
  fc.assert(
    fc.property(anyFacts, (facts) => {
      const call = {
        ...referenceCall(requestOf(facts, toolClasses)),
        schema,
        validateRequest: true,
        policies: { staticPolicies: 'permit(principal, action, resource);' },
      };
      const answer = isAuthorized(call as unknown as AuthorizationCall);
      assert.deepEqual(answer.type === 'failure' ? answer.errors : [], []);
    }),
    { numRuns: 60 },
  );
});

test('entities of the same caller, purpose and model are made once', () => {
  const [facts] = fc.sample(anyFacts, 1);
  assert.ok(facts);
  const [first, second] = [requestOf(facts, toolClasses), requestOf(facts, toolClasses)];
  assert.equal(first.principal, second.principal);
  assert.equal(first.action, second.action);
  const other = requestOf({ ...facts, caller: { ...facts.caller, clearance: 77 } }, toolClasses);
  assert.equal(other.principal.facts?.attributes['clearance'], 77);
});

test('a tool stands in all of its classes', () => {
  const [call] = fc.sample(
    anyFacts.filter(({ operation }) => operation === 'call_tool'),
    1,
  );
  assert.ok(call?.operation === 'call_tool');
  const { resource } = requestOf({ ...call, tool: { name: 'Fire_Weapon' } }, toolClasses);
  assert.deepEqual(
    [...(resource.facts?.ancestors.values() ?? [])].map(({ id }) => id),
    ['force'],
  );
});
