/** Actions that wait for people: what is asked, and the answers. docs/spec/oversight.md */
import { z } from 'zod';
import { ProvisoError } from '#base/errors.ts';
import { canonicalJson, type JsonObject } from '#base/json.ts';
import {
  type Answering,
  askPerson,
  objectionTo,
  rejectHold as reject,
  signHold as sign,
} from '#gateway/approve.ts';
import type { State } from '#gateway/state.ts';
import { actionHash } from '#oversight/action.ts';
import { type Display, renderAction } from '#oversight/display.ts';
import type { Hold } from '#oversight/hold.ts';
import { lastSimilar } from '#oversight/similar.ts';
import { assertion } from '#people/assertion.ts';
import type { Person } from '#people/person.ts';
import { type Actor, rolesOf } from '../actor.ts';
import { type Context, operation, shapes } from '../operation.ts';
import { requestOptions, toSign } from '../passkey-options.ts';
import { relyingPartyOf } from './people.ts';

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const holdId = z.string().regex(/^hld_[A-Za-z0-9_-]{22}$/, { error: 'must be the id of a hold' });
const personId = z.string().describe('For the operator, who answers for nobody in particular.');
const verdict = z.enum(['approve', 'reject']);

const asked = z.strictObject({
  approval: z.string(),
  meaning: z.string(),
  count: z.int(),
  missing: z.int().describe('Signatures that are still missing.'),
  roles: z.array(z.string()),
  distinct: z.enum(['people', 'teams']),
  localKeys: z.boolean(),
});

const answer = z.strictObject({
  person: z.string(),
  verdict,
  strength: z.enum(['passkey', 'local-key', 'session', 'operator']),
  at: shapes.instant,
  entry: z.int(),
  reason: z.string().optional(),
});

export const holdRow = z.strictObject({
  hold: holdId,
  state: z.enum(['open', 'approved', 'released', 'rejected', 'denied', 'expired', 'lapsed']),
  kind: z.enum(['tool_call', 'call']),
  what: z.string().describe('The tool’s name, or the operation.'),
  caller: z.string(),
  purpose: z.string().optional(),
  asks: z.array(asked),
  answers: z.array(answer),
  openedAt: shapes.instant,
  expiresAt: shapes.instant,
  decision: z.int().describe('The entry that asked for it.'),
  entry: z.int(),
  end: z.int().optional().describe('The entry that ended it.'),
  drill: z
    .string()
    .optional()
    .describe('Told once it has ended: it was made up, and why it was to be rejected.'),
  objection: z
    .string()
    .optional()
    .describe('Why a signature by whoever asks would not count; absent where it would.'),
});
export type HoldRow = z.infer<typeof holdRow>;

export const listHolds = operation({
  method: 'GET',
  path: '/v1/holds',
  summary: 'Holds that whoever asks may answer or oversee; those that have ended, for a day.',
  access: 'person',
  input: z.strictObject({
    state: z.enum(['open', 'all']).default('open'),
    person: personId.optional(),
  }),
  result: z.array(holdRow),
  async run(context, { state: wanted, person }) {
    const { holds } = runningOf(context.state);
    return holds
      .list()
      .filter((hold) => wanted === 'all' || holds.state(hold) === 'open')
      .filter((hold) => maySee(hold, context.actor))
      .map((hold) => rowOf(context, hold, person));
  },
});

const displayed = z.strictObject({
  version: z.int(),
  hash: sha256,
  lines: z.array(
    z.strictObject({
      label: z.string(),
      value: z.string(),
      kind: z.enum(['text', 'number', 'boolean', 'null', 'empty', 'instant']),
      by: z.enum(['gateway', 'caller', 'model']).describe('Who wrote the value.'),
      unit: z.string().optional().describe('Of a number, as the name of its member says it.'),
      before: z.string().optional().describe('What stood there in the last similar action.'),
      isNew: z.literal(true).optional().describe('Nothing stood there in it.'),
    }),
  ),
  places: z
    .array(z.strictObject({ label: z.string(), latitude: z.number(), longitude: z.number() }))
    .describe('WGS 84, degrees; each stands in the lines too.'),
  compared: z
    .strictObject({
      action: sha256.describe('The last similar action that was released.'),
      gone: z.array(z.strictObject({ label: z.string(), value: z.string() })),
    })
    .nullable(),
});

export const getHold = operation({
  method: 'GET',
  path: '/v1/holds/:hold',
  summary: 'One hold, with the action as it is shown and as it is signed.',
  access: 'person',
  input: z.strictObject({ hold: holdId, person: personId.optional() }),
  result: holdRow.extend({
    display: displayed,
    action: z.string().describe('Canonical JSON.'),
    actionHash: sha256,
  }),
  async run(context, { hold: id, person }) {
    const hold = seenHold(context, id);
    const { holds } = runningOf(context.state);
    return {
      ...rowOf(context, hold, person),
      display: displayOf(renderAction(hold.shown, lastSimilar(hold, holds.list()))),
      action: canonicalJson(hold.shown as object as JsonObject),
      actionHash: actionHash(hold.shown),
    };
  },
});

export const askHold = operation({
  method: 'POST',
  path: '/v1/holds/:hold/challenge',
  summary: 'What a person is to sign, good for one answer within minutes.',
  access: 'person',
  input: z.strictObject({ hold: holdId, verdict, person: personId.optional() }),
  result: z.strictObject({
    challenge: z.string().describe('SHA-256 of the statement, base64url.'),
    statement: z.string().describe('Canonical JSON.'),
    expiresAt: shapes.instant,
    display: displayed,
    options: requestOptions.optional().describe('For a person with a passkey.'),
  }),
  async run(context, { hold: id, verdict: wanted, person }) {
    seenHold(context, id);
    const signer = personOf(context, person);
    const running = runningOf(context.state);
    const { statement, challenge, display } = askPerson(running, id, signer.id, wanted);
    const relyingParty = relyingPartyOf(context);
    const timeout = statement.expiresAt - running.clock.now();
    const hasPasskey = signer.credentials.some(({ kind }) => kind === 'passkey');
    return {
      challenge: challenge.toString('base64url'),
      statement: canonicalJson(statement as object as JsonObject),
      expiresAt: new Date(statement.expiresAt).toISOString(),
      display: displayOf(display),
      ...(hasPasskey && {
        options: toSign(challenge, timeout, relyingParty, signer.credentials),
      }),
    };
  },
});

const watched = {
  openedAt: z.int().min(0).optional().describe('When it was first shown, ms since 1970.'),
  visibleMs: z.int().min(0).optional().describe('How long it was visible.'),
};
const reason = z.string().trim().min(1).max(1_000);

export const signHold = operation({
  method: 'POST',
  path: '/v1/holds/:hold/sign',
  summary: 'Takes a person’s signature over a challenge; the last one that is needed approves.',
  access: 'person',
  input: z.strictObject({
    hold: holdId,
    person: personId.optional(),
    challenge: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
    assertion,
    reason: reason.optional(),
    ...watched,
  }),
  result: holdRow,
  async run(context, { person, ...signing }) {
    seenHold(context, signing.hold);
    const signer = personOf(context, person);
    const relyingParty = relyingPartyOf(context);
    await sign(runningOf(context.state), { ...signing, person: signer.id, relyingParty });
    return rowOf(context, seenHold(context, signing.hold), person);
  },
});

export const rejectHold = operation({
  method: 'POST',
  path: '/v1/holds/:hold/reject',
  summary: 'Rejects with a reason. It needs no signature.',
  access: 'person',
  input: z.strictObject({ hold: holdId, person: personId.optional(), reason, ...watched }),
  result: holdRow,
  async run(context, { person, ...rejecting }) {
    seenHold(context, rejecting.hold);
    const signer = personOf(context, person);
    const strength = context.actor.kind === 'operator' ? 'operator' : 'session';
    await reject(runningOf(context.state), { ...rejecting, person: signer.id, strength });
    return rowOf(context, seenHold(context, rejecting.hold), person);
  },
});

function displayOf({ lines, places, compared, ...rest }: Display): z.infer<typeof displayed> {
  return {
    ...rest,
    lines: [...lines],
    places: [...places],
    compared: compared && { ...compared, gone: [...compared.gone] },
  };
}

/** @throws ProvisoError `not_found` where no gateway runs */
export function runningOf(state: State): Answering {
  const { holds, people, ledger, clock } = state;
  if (holds) return { holds, people, ledger, clock };
  throw new ProvisoError('not_found', 'No gateway runs with this data folder: nothing is held.');
}

/** Who may sign it, or watches over those who do: an action is private. */
export function maySee({ requirements }: Hold, actor: Actor): boolean {
  if (actor.kind === 'operator') return true;
  const roles = rolesOf(actor);
  if (roles.includes('overseer') || roles.includes('auditor')) return true;
  return requirements.some((requirement) => requirement.roles.some((role) => roles.includes(role)));
}

function seenHold({ state, actor }: Context, id: string): Hold {
  const hold = runningOf(state).holds.find(id);
  if (hold && maySee(hold, actor)) return hold;
  throw new ProvisoError('not_found', `There is no hold \`${id}\`.`);
}

/** Who answers: whoever has signed in; of the operator, the person who is named. */
function personOf({ state, actor }: Context, named: string | undefined): Person {
  if (actor.kind === 'person') {
    if (named === undefined || named === actor.person.id) return actor.person;
    throw new ProvisoError('role_required', 'Nobody answers for another person.');
  }
  const person = named === undefined ? undefined : state.people.find(named);
  if (person) return person;
  throw new ProvisoError('person_unknown', 'Name the person who answers: `person`.');
}

export function rowOf(context: Context, hold: Hold, named?: string): HoldRow {
  const { state, actor } = context;
  const running = runningOf(state);
  const { holds } = running;
  const { shown, end } = hold;
  const missing = holds.missing(hold);
  const person = actor.kind === 'person' ? actor.person : named && state.people.find(named);
  const objection = person ? objectionTo(running, hold, person) : undefined;
  return {
    hold: hold.id,
    state: holds.state(hold),
    kind: shown.kind,
    what: shown.kind === 'tool_call' ? shown.tool.name : shown.operation,
    caller: shown.caller.id,
    ...(shown.purpose && { purpose: shown.purpose.id }),
    asks: hold.requirements.map((requirement) => ({
      approval: requirement.approval,
      meaning: requirement.meaning,
      count: requirement.count,
      missing: missing.get(requirement.approval) ?? 0,
      roles: [...requirement.roles],
      distinct: requirement.distinct,
      localKeys: requirement.localKeys,
    })),
    answers: hold.answers.map(({ person: by, verdict: said, strength, decidedAt, ...rest }) => ({
      person: by,
      verdict: said,
      strength,
      at: new Date(decidedAt).toISOString(),
      entry: rest.entry,
      ...(rest.reason === undefined ? {} : { reason: rest.reason }),
    })),
    openedAt: new Date(hold.openedAt).toISOString(),
    expiresAt: new Date(hold.expiresAt).toISOString(),
    decision: hold.decision,
    entry: hold.entry,
    ...(end && { end: end.entry }),
    ...(end && hold.isDrill ? { drill: hold.why } : {}),
    ...(objection !== undefined && { objection }),
  };
}
