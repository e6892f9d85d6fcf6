/** Proviso as the decision point of another gateway, by AuthZEN's own words. */
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { verifyRelease } from 'proviso/release';
import type { JsonObject } from '#base/json.ts';
import { rejectHold } from '#gateway/approve.ts';
import { newApprover, type TestApprover, termsWithLocalKeys } from './harness/approvers.ts';
import { openGateway, outcomeOf, type TestGateway } from './harness/gateway.ts';

let proviso: TestGateway;
let officer: TestApprover;
let adviser: TestApprover;
let terms: string;
let now = 1_800_000_000_000;
before(async () => {
  terms = termsWithLocalKeys();
  proviso = await openGateway({ config: { terms }, clock: { now: () => now } });
  officer = await newApprover(proviso.gateway);
  adviser = await newApprover(proviso.gateway, { roles: ['legal-adviser'], teams: ['law'] });
});
after(async () => {
  await proviso.close();
  rmSync(terms, { recursive: true });
});

interface Json {
  readonly decision: boolean;
  readonly context: {
    readonly entry: number;
    readonly evaluation_id: string;
    readonly reason?: string;
    readonly reason_user?: JsonObject;
    readonly next_action?: string;
    readonly release?: string;
    readonly access_request?: { readonly expires_at: string };
  };
  readonly task: { readonly id: string; readonly status: string; readonly status_endpoint: string };
  readonly result: { readonly mode: string; readonly approval: { readonly id: string } };
  readonly type: string;
}

async function send(path: string, body?: JsonObject, key = proviso.key) {
  const answer = await fetch(proviso.address + path, {
    method: body ? 'POST' : 'GET',
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${key}`,
      'x-request-id': 'r-1',
    },
    ...(body && { body: JSON.stringify(body) }),
  });
  return { status: answer.status, headers: answer.headers, body: (await answer.json()) as Json };
}

function question(tool: string, change: JsonObject = {}): JsonObject {
  return {
    subject: { type: 'agent', id: 'tester' },
    action: { name: 'call_tool', properties: { arguments: { at: 'the old pier' } } },
    resource: { type: 'tool', id: tool },
    ...change,
  };
}

const evaluate = (body: JsonObject, key?: string) => send('/access/v1/evaluation', body, key);

/** Denied, asked for, and approved if told. @returns the approval */
async function request(body: JsonObject, isApproved: boolean) {
  const denied = (await evaluate(body)).body;
  assert.equal(denied.decision, false);
  const { evaluation_id, access_request } = denied.context;
  assert.ok(access_request);
  const denial = { evaluation_id, expires_at: access_request.expires_at };
  const { status, body: asked } = await send('/access/v1/requests', { ...body, denial });
  assert.deepEqual([status, asked.task.status], [202, 'pending']);
  const { id } = asked.task;
  if (isApproved) {
    await officer.approve(id);
    await adviser.approve(id);
  }
  return { id, denial };
}

test('a permit and a denial, each with its entry and its outcome', async () => {
  const permitted = await evaluate(question('find_berth'));
  assert.deepEqual([permitted.status, permitted.body.decision], [200, true]);
  assert.equal(permitted.headers.get('x-request-id'), 'r-1');
  const persons = Array.from({ length: 30 }, (_, i) => `p${i}@example.org`);
  const many = { name: 'tools/call', properties: { arguments: { persons } } };
  const { body } = await evaluate(question('find_berth', { action: many }));
  assert.equal(body.decision, false);
  assert.equal(body.context.reason, 'purpose_required');
  assert.match(JSON.stringify(body.context.reason_user), /No mass surveillance|25 distinct/);
  const entries = await proviso.entries();
  const outcomes = [permitted.body, body].map(({ context }) => {
    return outcomeOf(entries, context.entry)['outcome'];
  });
  assert.deepEqual(outcomes, ['delivered', 'withheld']);
});

test('many at once: defaults, each in its place, and the three semantics', async () => {
  const { subject, action } = question('') as { subject: JsonObject; action: JsonObject };
  const tools = ['find_berth', 'fire_weapon', 'find_gate'];
  const all = async (evaluations_semantic?: string) => {
    const { body } = await send('/access/v1/evaluations', {
      subject,
      action,
      ...(evaluations_semantic && { options: { evaluations_semantic } }),
      evaluations: tools.map((id) => ({ resource: { type: 'tool', id } })),
    });
    const { evaluations } = body as object as { evaluations: { decision: boolean }[] };
    return evaluations.map(({ decision }) => decision);
  };
  assert.deepEqual(await all(), [true, false, true]);
  assert.deepEqual(await all('execute_all'), [true, false, true]);
  assert.deepEqual(await all('deny_on_first_deny'), [true, false]);
  assert.deepEqual(await all('permit_on_first_permit'), [true]);
  const one = await send('/access/v1/evaluations', question('find_berth'));
  assert.equal(one.body.decision, true);
  const wrong = await send('/access/v1/evaluations', {
    ...question('find_berth'),
    evaluations: [{}, { resource: { type: 'document', id: 'x' } }],
  });
  const { evaluations } = wrong.body as object as { evaluations: Json[] };
  assert.deepEqual(
    evaluations.map(({ decision, context }) => [decision, context.reason]),
    [
      [true, undefined],
      [false, 'invalid_request'],
    ],
  );
});

test('what the terms would not see is refused, and so is whoever asks for another', async () => {
  const wrong: JsonObject[] = [
    question('t', { subject: { type: 'agent', id: 'another' } }),
    question('t', { subject: { type: 'agent', id: 'tester', properties: { clearance: 9 } } }),
    question('t', { action: { name: 'call_tool' } }),
    question('t', { action: { name: 'call_tool', properties: { arguments: null } } }),
    question('t', { action: { name: 'can_read', properties: { arguments: {} } } }),
    question('t', { resource: { type: 'document', id: 't' } }),
    question('t', { context: { approvals: ['force'] } }),
    question('t', { context: { approval: { id: 'x', state: 'approved' } } }),
    question('t', { approved: true }),
    {},
  ];
  for (const body of wrong) {
    const { status, headers } = await evaluate(body);
    assert.deepEqual([status, headers.get('proviso-code')], [400, 'invalid_request']);
  }
  assert.equal((await evaluate(question('t'), 'prv_none')).status, 401);
  assert.equal((await send('/access/v1/evaluation')).status, 405);
  assert.equal((await send('/access/v1/search', question('t'))).status, 404);
});

test('people lift a denial: asked for, approved, evaluated again, permitted once', async () => {
  const body = question('fire_weapon');
  const { id, denial } = await request(body, false);
  const again = await send('/access/v1/requests', { ...body, denial });
  assert.equal(again.body.task.id, id);
  const approval = { id };
  const early = await evaluate({ ...body, context: { approval } });
  assert.deepEqual([early.body.decision, early.body.context.next_action], [false, 'retry']);
  await officer.approve(id);
  await adviser.approve(id);
  const { body: done } = await send(new URL(again.body.task.status_endpoint).pathname);
  assert.deepEqual([done.task.status, done.result.mode], ['approved', 'reevaluate']);
  // The task is no permission; nor is the question without the approval.
  assert.equal((await evaluate(body)).body.decision, false);
  const given = { ...body, context: { approval: done.result.approval } };
  const [one, two] = await Promise.all([evaluate(given), evaluate(given)]);
  assert.notEqual(one.body.decision, two.body.decision);
  const permitted = one.body.decision ? one.body : two.body;
  const { body: keys } = await send('/proviso/release-keys');
  const verified = await verifyRelease(String(permitted.context.release), {
    keys: keys as never,
    issuer: proviso.gateway.ledger.origin,
    tool: 'fire_weapon',
    arguments: { at: 'the old pier' },
    seen: { add: () => true },
    now,
  });
  assert.equal(verified.claims.hold, id);
  const late = await evaluate(given);
  assert.deepEqual([late.body.decision, late.body.context.next_action], [false, 'none']);
});

test('an approval of another question, of another caller, or of nobody permits nothing', async () => {
  const body = question('fire_weapon');
  const { id } = await request(body, true);
  const context = { approval: { id } };
  const other = { name: 'call_tool', properties: { arguments: { at: 'the new pier' } } };
  const described = { type: 'tool', id: 'fire_weapon', properties: { description: 'Harmless.' } };
  const others: JsonObject[] = [
    question('fire_weapon', { context, action: other }),
    question('fire_missile', { context }),
    question('fire_weapon', { context, resource: described }),
  ];
  for (const asked of others) {
    const { decision, context: why } = (await evaluate(asked)).body;
    assert.deepEqual([decision, why.reason], [false, 'out_of_scope']);
  }
  const { key } = await proviso.newKey({ id: 'second' });
  const theirs = question('fire_weapon', { context, subject: { type: 'agent', id: 'second' } });
  for (const [asked, with_] of [
    [theirs, key],
    [{ ...body, context: { approval: { id: `hld_${'A'.repeat(22)}` } } }, proviso.key],
  ] as const) {
    const { decision, context: why } = (await evaluate(asked, with_)).body;
    assert.deepEqual([decision, why.reason], [false, 'approval_unverifiable']);
  }
  assert.equal((await send(`/access/v1/requests/${id}`, undefined, key)).status, 404);
  assert.equal((await evaluate({ ...body, context })).body.decision, true);
});

test('a request that fits no denial, is too late, or is not requestable', async () => {
  const body = question('fire_weapon');
  const denied = (await evaluate(body)).body;
  const { evaluation_id, access_request } = denied.context;
  const denial = { evaluation_id, expires_at: access_request?.expires_at ?? '' };
  const ask = async (asked: JsonObject, key?: string) => {
    const { status, headers, body: answer } = await send('/access/v1/requests', asked, key);
    assert.equal(headers.get('content-type'), 'application/problem+json');
    return `${status} ${answer.type.split(':').at(-1)}`;
  };
  const made = { ...denial, evaluation_id: `eval_${'A'.repeat(22)}` };
  const { key } = await proviso.newKey({ id: 'third' });
  assert.equal(await ask({ ...body, denial: made }), '400 invalid_denial_binding');
  const other = question('fire_missile');
  assert.equal(await ask({ ...other, denial }), '400 invalid_denial_binding');
  const theirs = question('fire_weapon', { subject: { type: 'agent', id: 'third' } });
  assert.equal(await ask({ ...theirs, denial }, key), '400 invalid_denial_binding');
  now += 10 * 60_000;
  assert.equal(await ask({ ...body, denial }), '410 expired_denial');
  const permitted = (await evaluate(question('find_berth'))).body;
  assert.equal(permitted.context.access_request, undefined);
});

test('rejected, and run out', async () => {
  const body = question('fire_weapon');
  const rejected = await request(body, false);
  const rejecting = { hold: rejected.id, person: officer.id, reason: 'No.' };
  await rejectHold(proviso.gateway, { ...rejecting, strength: 'session' });
  const lapsed = await request(body, true);
  now += 2 * 60_000;
  for (const [{ id }, status, reason] of [
    [rejected, 'denied', 'policy_denied'],
    [lapsed, 'expired', 'approval_expired'],
  ] as const) {
    assert.equal((await send(`/access/v1/requests/${id}`)).body.task.status, status);
    const { decision, context } = (await evaluate({ ...body, context: { approval: { id } } })).body;
    assert.deepEqual([decision, context.reason], [false, reason]);
  }
});

test('the configuration says where all of it is', async () => {
  const { body } = await send('/.well-known/authzen-configuration');
  const found = body as object as Record<string, string>;
  for (const name of ['access_evaluation', 'access_evaluations', 'access_request']) {
    assert.ok(found[`${name}_endpoint`]?.startsWith(`${proviso.address}/access/v1/`), name);
  }
});
