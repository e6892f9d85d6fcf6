/**
 * What AuthZEN's messages are here. A tool call is the only action; what the terms would not see is
 * refused, and not passed over. docs/spec/authzen.md
 */
import { z } from 'zod';
import { ProvisoError } from '#base/errors.ts';
import type { JsonObject, JsonValue } from '#base/json.ts';

/** At most so many in one message. */
const EVALUATIONS_MAX = 100;

const object = z.custom<JsonObject>(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  'must be an object',
);
const word = z.string().min(1).max(500);

const subject = z.strictObject({ type: word, id: word });
const action = z.strictObject({
  name: z.enum(['call_tool', 'tools/call']),
  properties: z.strictObject({ arguments: z.union([z.string(), object]) }),
});
const resource = z.strictObject({
  type: z.literal('tool'),
  id: word,
  properties: z
    .strictObject({
      description: z.string().optional(),
      parameters: object.optional(),
      server: word.optional(),
    })
    .optional(),
});
const approval = z.strictObject({
  id: word,
  approved_at: z.string().optional(),
  approved_until: z.string().optional(),
});
const context = z.strictObject({ purpose: word.optional(), approval: approval.optional() });

const question = z.strictObject({ subject, action, resource, context: context.optional() });

const evaluations = z.strictObject({
  subject: subject.optional(),
  action: action.optional(),
  resource: resource.optional(),
  context: context.optional(),
  /** Each is looked into by itself: what is wrong with one is its own denial. */
  evaluations: z.array(object).min(1).max(EVALUATIONS_MAX).optional(),
  options: z
    .strictObject({
      evaluations_semantic: z
        .enum(['execute_all', 'deny_on_first_deny', 'permit_on_first_permit'])
        .optional(),
    })
    .optional(),
});

const accessRequest = question.extend({
  denial: z.strictObject({
    evaluation_id: word,
    expires_at: z.string(),
    evaluated_at: z.string().optional(),
    reason: z.string().optional(),
  }),
});

export type Question = z.output<typeof question>;
export type Evaluations = z.output<typeof evaluations>;
export type AccessRequest = z.output<typeof accessRequest>;

/** @throws ProvisoError `invalid_request` naming the first member that is wrong or not known */
export const parseQuestion = (body: JsonValue): Question => parse(question, body);
export const parseEvaluations = (body: JsonValue): Evaluations => parse(evaluations, body);
export const parseAccessRequest = (body: JsonValue): AccessRequest => parse(accessRequest, body);

function parse<S extends z.ZodType>(schema: S, body: JsonValue): z.output<S> {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const at = issue?.path.join('.') ?? '';
  throw new ProvisoError('invalid_request', `\`${at}\`: ${issue?.message}.`, { at });
}
