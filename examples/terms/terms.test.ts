/** The example packs are whole, and do what their tests say. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { decide } from '#terms/decide.ts';
import { factsJson } from '#terms/facts.ts';
import { loadPack } from '#terms/pack.ts';
import { askReference } from '#terms/reference.ts';
import { requestOf } from '#terms/request.ts';
import { compileTerms } from '#terms/terms.ts';
import { testPack } from '#terms/test-pack.ts';

/** All but `attempts`, each of which is a pack that must not come into force. */
const packs = readdirSync(import.meta.dirname, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && entry.name !== 'attempts')
  .map(({ name }) => loadPack(join(import.meta.dirname, name)));

for (const pack of packs) {
  test(`${pack.id}: every test passes, and every rule determines a decision of some test`, () => {
    const { results, uncovered } = testPack(pack);
    const failures = results.flatMap(({ test, failure }) => (failure ? [test.name, failure] : []));
    assert.deepEqual(failures, []);
    assert.deepEqual(uncovered, []);
  });

  test(`${pack.id}: the official engine decides each test alike`, () => {
    const terms = compileTerms(pack);
    const inForce = [...pack.rules, ...pack.redLines];
    const texts = Object.fromEntries(inForce.map(({ policy, source }) => [policy.id, source.text]));
    for (const { name, facts } of pack.tests) {
      if (facts.signals.missing.length > 0) continue;
      const { decision } = decide(facts, terms);
      const answer = askReference(texts, requestOf(facts, terms.toolClasses));
      assert.equal(decision.effect === 'permit', answer.decision === 'allow', name);
      assert.deepEqual(decision.rules.map(({ id }) => id).sort(), answer.reasons, name);
    }
  });

  test(`${pack.id}: what the rules permit is within the red lines, for each test`, () => {
    const ceiling = Object.fromEntries(
      pack.redLines.map(({ policy, source }) => [policy.id, source.text]),
    );
    const rulesOnly = compileTerms({ ...pack, redLines: [] });
    for (const { name, facts } of pack.tests) {
      const { reasons } = askReference(ceiling, requestOf(facts, rulesOnly.toolClasses));
      const { effect } = decide(facts, rulesOnly).decision;
      assert.ok(
        reasons.length === 0 || effect !== 'permit',
        `${name}: ${JSON.stringify(factsJson(facts))}`,
      );
    }
  });

  test(`${pack.id}: what is assured is permitted, for each test`, () => {
    const floor = Object.fromEntries(
      pack.assurances.map(({ policy, source }) => [policy.id, source.text]),
    );
    const terms = compileTerms(pack);
    const assured = new Set<string>();
    for (const { name, facts } of pack.tests) {
      if (facts.signals.missing.length > 0) continue;
      const answer = askReference(floor, requestOf(facts, terms.toolClasses));
      if (answer.decision === 'deny') continue;
      for (const id of answer.reasons) assured.add(id);
      assert.equal(decide(facts, terms).decision.effect, 'permit', name);
    }
    assert.deepEqual([...assured].sort(), Object.keys(floor).sort(), 'assurances with a test');
  });
}
