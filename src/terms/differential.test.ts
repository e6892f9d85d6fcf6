/**
 * Random policies, entities and requests: the compiled rules and the official engine must agree on
 * the decision, on what determined it, and on which policies err.
 *
 * Runs for a few seconds; `FUZZ_MS=600000 node --test src/terms/differential.test.ts` for longer.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type JsonValue, parseJsonText } from '#base/json.ts';
import { compilePolicies } from './authorize.ts';
import { CEDAR_TYPES, cedarNode, cedarPolicy, cedarQuestion, uidJson } from './cedar.arbitrary.ts';
import { compileExpression } from './compile.ts';
import { readPolicy } from './engine.ts';
import { contextFromJson, entitiesFromJson, uidFromJson } from './entities.ts';
import { literal } from './literal.ts';
import { askReference, type ReferenceAnswer } from './reference.ts';
import { EvaluationError, type Request, type Value } from './value.ts';

const FUZZ_MS = Number(process.env['FUZZ_MS'] ?? 4_000);

interface Question {
  readonly store: string;
  readonly principal: string;
  readonly action: string;
  readonly resource: string;
  readonly context: string;
}

function asked({ store, principal, action, resource, context }: Question) {
  const listed = entitiesFromJson(parseJsonText(store));
  const entity = (uid: string) => listed.get(uidFromJson(JSON.parse(uidJson(uid)) as JsonValue));
  const request: Request = {
    principal: entity(principal),
    action: entity(action),
    resource: entity(resource),
    context: contextFromJson(parseJsonText(context), listed),
    entities: listed.entities,
  };
  return { request, entities: [...listed.entities.values()] };
}

const forAWhile = {
  numRuns: Number.MAX_SAFE_INTEGER,
  interruptAfterTimeLimit: FUZZ_MS,
  markInterruptAsFailure: false,
};

test('the compiled rules decide as the official engine does', () => {
  const seen = { allow: 0, errors: 0, reasons: 0 };
  const policies = fc.array(cedarPolicy, { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(policies, cedarQuestion, (policies, question) => {
      const { request, entities } = asked(question);
      const texts = Object.fromEntries(policies.map((text, i) => [`policy${i}`, text]));
      const got = compiledAnswer(texts, request);
      assert.deepEqual(got, askReference(texts, request, entities));
      if (got.decision === 'allow') seen.allow++;
      seen.errors += got.errors.length;
      seen.reasons += got.reasons.length;
    }),
    forAWhile,
  );
  // A generator that only makes denials or errors would prove nothing.
  for (const [what, count] of Object.entries(seen)) assert.ok(count > 0, `${what}: ${count}`);
});

test('each expression has the value that it has for the official engine', () => {
  const expressions = fc.array(
    fc
      .tuple(fc.constantFrom(...CEDAR_TYPES), fc.nat(2))
      .chain(([type, depth]) => cedarNode(type, depth)),
    { minLength: 1, maxLength: 40 },
  );
  const seen = { values: 0, errors: 0 };
  fc.assert(
    fc.property(expressions, cedarQuestion, (expressions, question) => {
      const { request, entities } = asked(question);
      const texts: Record<string, string> = {};
      const errors: string[] = [];
      for (const [i, text] of expressions.entries()) {
        const value = valueOf(text, request);
        if (value === undefined) errors.push(`${i}`);
        texts[i] = permitWhen(
          value === undefined ? `(${text}) == 0` : `(${text}) == ${literal(value)}`,
        );
      }
      const answer = askReference(texts, request, entities);
      assert.deepEqual(answer.errors, errors.sort());
      const equal = Object.keys(texts).filter((id) => !errors.includes(id));
      assert.deepEqual(answer.reasons, equal.sort());
      seen.values += equal.length;
      seen.errors += errors.length;
    }),
    forAWhile,
  );
  for (const [what, count] of Object.entries(seen)) assert.ok(count > 0, `${what}: ${count}`);
});

function permitWhen(condition: string): string {
  return `permit(principal, action, resource) when { ${condition} };`;
}

/** `undefined` for an error. */
function valueOf(text: string, request: Request): Value | undefined {
  const [condition] = readPolicy(permitWhen(text), { id: '' }).conditions;
  assert.ok(condition);
  try {
    return compileExpression(condition)(request);
  } catch (error) {
    assert.ok(error instanceof EvaluationError);
    return undefined;
  }
}

function compiledAnswer(
  texts: Readonly<Record<string, string>>,
  request: Request,
): ReferenceAnswer {
  const policies = Object.entries(texts).map(([id, text]) => readPolicy(text, { id }));
  const { decision, reasons, errors } = compilePolicies(policies)(request);
  return {
    decision,
    reasons: reasons.map(({ id }) => id).sort(),
    errors: errors.map(({ policy }) => policy.id).sort(),
  };
}
