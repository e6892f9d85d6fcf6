/**
 * Ten later versions that try to get round a red line of examples/terms/harbour. Each is caught, by
 * the red line's name, and what its README says is what the command answers.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { provisoJson, ROOT } from './run.ts';

const ATTEMPTS = join(ROOT, 'examples/terms/attempts');
const LISTS = 'red-line-lists-of-persons';
const FORCE = 'red-line-force-without-a-human';

interface Caught {
  readonly redLine: string;
  /** What catches it; a pack that is not valid is not proven at all. */
  readonly check: string;
  /** A member of its context, where there is a call that shows it. */
  readonly example?: readonly [string, unknown];
}

const CAUGHT: Readonly<Record<string, Caught>> = {
  'annotation-dropped': { redLine: LISTS, check: 'not valid' },
  'clause-reworded': { redLine: FORCE, check: 'kept from the old version' },
  'exception-by-purpose': {
    redLine: LISTS,
    check: 'within the ceiling',
    example: ['persons', 101],
  },
  'far-away-date': { redLine: LISTS, check: 'within the ceiling', example: ['persons', 101] },
  'forbid-that-errors': { redLine: LISTS, check: 'never errors', example: ['persons', 9224] },
  'new-action': { redLine: FORCE, check: 'covers what is new', example: ['persons', 0] },
  'new-namespace': { redLine: FORCE, check: 'covers what is new', example: ['toolTopics', []] },
  'renamed-attribute': { redLine: FORCE, check: 'kept from the old version' },
  'vacuous-red-line': { redLine: LISTS, check: 'not vacuous', example: ['persons', 101] },
  'wider-entity-group': { redLine: LISTS, check: 'within the ceiling', example: ['persons', 101] },
};

test('every attempt is known', () => {
  assert.deepEqual(readdirSync(ATTEMPTS).sort(), Object.keys(CAUGHT));
});

for (const [name, { redLine, check, example }] of Object.entries(CAUGHT)) {
  const pack = join(ATTEMPTS, name);
  const readme = readFileSync(join(pack, 'README.md'), 'utf8').replace(/\s+/g, ' ');
  const [, promised = 'nothing'] = /The answer: “([^”]*)”/.exec(readme) ?? [];

  test(`${name} is caught: ${check}`, async () => {
    const { code, document } = await provisoJson('terms', 'prove', pack, '--processes', '1');
    assert.equal(code, 2);
    if (check === 'not valid') {
      assert.ok(promised.includes(redLine));
      assert.ok(document['problems'].some((line: string) => line.includes(promised)));
      return;
    }
    assert.equal(document['verdict'], 'not proven');
    assert.equal(document['against'].id, 'harbour');
    const problems = document['problems'] as readonly Problem[];
    const found = problems.filter((one) => one.rule === redLine && one.check === check);
    assert.ok(found.length > 0, JSON.stringify(problems));
    const isSaid = found.some(({ message }) => message.includes(promised));
    assert.ok(isSaid && promised.includes(redLine), promised);
    const shown = problems.flatMap((one) => (one.rule === redLine ? (one.example ?? []) : []));
    if (!example) return assert.deepEqual(shown, []);
    const [key, value] = example;
    assert.deepEqual(shown[0]?.context[key], value);
  });
}

interface Problem {
  readonly rule: string;
  readonly check: string;
  readonly message: string;
  readonly example?: { readonly context: Readonly<Record<string, unknown>> };
}
