/** Ways around the humans who must sign: each fails, and nothing is released. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isObject, type JsonObject } from '#base/json.ts';
import { askPerson, rejectHold, signHold } from '#gateway/approve.ts';
import { definitionHash } from '#oversight/action.ts';
import { createLocalKey, openLocalKey } from '#people/local-key.ts';
import { NO_PAGE, newApprover, nextHold } from '../harness/approvers.ts';
import { bodyOf, post, toolsOf } from '../harness/raw.ts';
import { speak } from '../harness/said/speak.ts';
import { says } from '../harness/upstream.ts';
import {
  assertNothing,
  CHAT,
  change,
  held,
  manned,
  reference,
  releases,
  SAID,
  terms,
  upstream,
} from './held.ts';

test('one signature of two is none', async (t) => {
  const { proviso, officer } = await manned(t);
  const hold = await held(proviso);
  await officer.approve(hold.id);
  await assertNothing(proviso, hold, 'open');
});

test('the same person twice, with the same key and with another', async (t) => {
  const { proviso, officer } = await manned(t);
  const hold = await held(proviso);
  await officer.approve(hold.id);
  await assert.rejects(officer.approve(hold.id), { code: 'approval_refused', message: /already/ });
  const second = openLocalKey(createLocalKey());
  await change(proviso, { kind: 'add-key', person: officer.id, credential: second.key });
  const { challenge } = officer.ask(hold.id);
  const signing = {
    hold: hold.id,
    person: officer.id,
    challenge: challenge.toString('base64url'),
    assertion: second.sign(challenge),
    relyingParty: NO_PAGE,
  };
  await assert.rejects(signHold(proviso.gateway, signing), { code: 'approval_refused' });
  await assertNothing(proviso, hold, 'open');
});

test('a signature that is sent again', async (t) => {
  const { proviso, officer, adviser } = await manned(t);
  const hold = await held(proviso);
  const asked = officer.ask(hold.id);
  await officer.sign(hold.id, asked);
  await assert.rejects(officer.sign(hold.id, asked), { code: 'challenge_invalid' });
  await assert.rejects(adviser.sign(hold.id, asked), { code: 'challenge_invalid' });
  await assertNothing(proviso, hold, 'open');
});

test('a signature under one hold that is sent for another', async (t) => {
  const { proviso, officer } = await manned(t);
  const [one, other] = [await held(proviso), await held(proviso)];
  const asked = officer.ask(one.id);
  await assert.rejects(officer.sign(other.id, asked), { code: 'challenge_invalid' });
  // It is used up, for the one too.
  await assert.rejects(officer.sign(one.id, asked), { code: 'challenge_invalid' });
  await assertNothing(proviso, other, 'open');
});

test('approvals of one action do nothing for the same action again', async (t) => {
  const { proviso, officer, adviser } = await manned(t);
  const first = await held(proviso);
  await officer.approve(first.id);
  await adviser.approve(first.id);
  assert.equal((await reference(proviso, first.id))['state'], 'released');
  const second = await held(proviso);
  assert.notEqual(second.id, first.id);
  assert.equal((await reference(proviso, second.id))['state'], 'open');
  assert.equal(await releases(proviso), 1);
});

test('a challenge that somebody made up, and a signature by somebody else’s key', async (t) => {
  const { proviso, officer, adviser } = await manned(t);
  const hold = await held(proviso);
  const forged = Buffer.alloc(32, 7);
  await assert.rejects(officer.sign(hold.id, { challenge: forged } as never), {
    code: 'challenge_invalid',
  });
  const { challenge } = officer.ask(hold.id);
  const signing = {
    hold: hold.id,
    person: officer.id,
    challenge: challenge.toString('base64url'),
    relyingParty: NO_PAGE,
  };
  const assertion = adviser.signer.sign(challenge);
  await assert.rejects(signHold(proviso.gateway, { ...signing, assertion }), {
    code: 'approval_refused',
  });
  await assertNothing(proviso, hold, 'open');
});

test('a signature over other bytes than the challenge', async (t) => {
  const { proviso, officer } = await manned(t);
  const hold = await held(proviso);
  const { challenge } = officer.ask(hold.id);
  const assertion = officer.signer.sign(Buffer.alloc(32));
  const text = challenge.toString('base64url');
  const signing = { hold: hold.id, person: officer.id, challenge: text, relyingParty: NO_PAGE };
  await assert.rejects(signHold(proviso.gateway, { ...signing, assertion }), {
    code: 'assertion_invalid',
  });
  await assertNothing(proviso, hold, 'open');
});

test('who may not sign: another role, the caller’s team, the caller’s owner, a stranger', async (t) => {
  const { proviso } = await manned(t);
  const hold = await held(proviso);
  const people = [
    { roles: ['clerk'] },
    { teams: ['Tests'] },
    { name: 'The  test desk'.replace('  ', ' ') },
    { roles: [], teams: [] },
  ];
  for (const person of people) {
    const approver = await newApprover(proviso.gateway, person);
    await assert.rejects(approver.approve(hold.id), { code: 'approval_refused' });
  }
  await assertNothing(proviso, hold, 'open');
});

test('a key in a file, where the terms ask for a passkey', async (t) => {
  const { proviso, officer } = await manned(t, {
    terms: terms((yaml) => yaml.replace('    localKeys: true\n', '')),
  });
  const hold = await held(proviso);
  await assert.rejects(officer.approve(hold.id), { code: 'approval_refused', message: /passkey/ });
});

test('a rejected action stays rejected', async (t) => {
  const { proviso, officer, adviser } = await manned(t);
  const hold = await held(proviso);
  await adviser.approve(hold.id);
  const asked = officer.ask(hold.id);
  const rejecting = { hold: hold.id, person: officer.id, reason: 'Wrong pier.' };
  await rejectHold(proviso.gateway, { ...rejecting, strength: 'session' });
  await assert.rejects(officer.sign(hold.id, asked), { code: 'hold_ended' });
  await assertNothing(proviso, hold, 'rejected');
  assert.match(String((await reference(proviso, hold.id))['message']), /“Wrong pier\.”/);
});

test('who has no say cannot reject either', async (t) => {
  const { proviso } = await manned(t);
  const clerk = await newApprover(proviso.gateway, { roles: ['clerk'] });
  const hold = await held(proviso);
  const rejecting = {
    hold: hold.id,
    person: clerk.id,
    reason: 'No.',
    strength: 'session' as const,
  };
  await assert.rejects(rejectHold(proviso.gateway, rejecting), { code: 'approval_refused' });
  assert.equal(proviso.gateway.holds.state(hold), 'open');
});

test('a signature that was asked for as a rejection approves nothing', async (t) => {
  const { proviso, officer, adviser } = await manned(t);
  const hold = await held(proviso);
  await adviser.approve(hold.id);
  const asked = askPerson(proviso.gateway, hold.id, officer.id, 'reject');
  await officer.sign(hold.id, asked);
  await assertNothing(proviso, hold, 'rejected');
});

test('what is signed is the whole of what is delivered, and of the tool’s definition', async (t) => {
  const { proviso, officer, adviser } = await manned(t);
  const tools = toolsOf('openai-chat', 'fire_weapon');
  upstream.answer(says(speak('openai-chat', SAID)));
  const opened = nextHold(proviso.gateway);
  await post(proviso, CHAT, bodyOf('openai-chat', 'Do it.', tools));
  const hold = await opened;
  assert.ok(hold.action.kind === 'tool_call');
  const parameters = { type: 'object', properties: {} };
  const definition = { name: 'fire_weapon', description: 'A tool of the harbour.', parameters };
  assert.equal(hold.action.tool.definition, definitionHash(definition));
  await officer.approve(hold.id);
  await adviser.approve(hold.id);
  const told = await reference(proviso, hold.id);
  const [, claims = ''] = String(told['release']).split('.');
  const { tool, definition: signed } = JSON.parse(Buffer.from(claims, 'base64url').toString()) as {
    tool: string;
    definition: string;
  };
  assert.deepEqual([tool, signed], ['fire_weapon', definitionHash(definition)]);
  assert.ok(isObject(told['toolCall'] as JsonObject));
  assert.deepEqual(told['toolCall'], {
    id: 'call_fire',
    name: 'fire_weapon',
    arguments: '{"at":"the old pier"}',
  });
});
