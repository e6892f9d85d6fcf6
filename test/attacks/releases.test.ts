/** An action that was approved is released once, in time, and under the terms and people of then. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rejectHold } from '#gateway/approve.ts';
import { registerPurpose, revokeCallerKey } from '#gateway/changes.ts';
import { takeUp } from '#gateway/take-up.ts';
import type { PersonChange } from '#people/change.ts';
import { loadPack } from '#terms/pack.ts';
import { compileTerms } from '#terms/terms.ts';
import { nextHold, type TestApprover } from '../harness/approvers.ts';
import { bodyOf, post } from '../harness/raw.ts';
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

test('signed too late, and a statement that is left open for minutes', async (t) => {
  const post = await manned(t);
  const { proviso, officer, adviser } = post;
  const hold = await held(proviso);
  const asked = officer.ask(hold.id);
  post.now += 5 * 60_000;
  await assert.rejects(officer.sign(hold.id, asked), { code: 'challenge_invalid' });
  await officer.approve(hold.id);
  const late = adviser.ask(hold.id);
  post.now = hold.expiresAt;
  await assert.rejects(adviser.sign(hold.id, late), { code: 'hold_ended' });
  await assertNothing(proviso, hold, 'expired');
});

test('approved, and taken up too late', async (t) => {
  const post = await manned(t);
  const { proviso, officer, adviser } = post;
  const hold = await held(proviso);
  await officer.approve(hold.id);
  await adviser.approve(hold.id);
  post.now += 120_000;
  await assertNothing(proviso, hold, 'lapsed');
});

test('a release that has run out is not given again', async (t) => {
  const post = await manned(t);
  const { proviso, officer, adviser } = post;
  const hold = await held(proviso);
  await officer.approve(hold.id);
  await adviser.approve(hold.id);
  const first = await reference(proviso, hold.id);
  post.now += 119_000;
  const again = await reference(proviso, hold.id);
  assert.deepEqual([first['deliveries'], again['deliveries']], [1, 2]);
  assert.equal(again['release'], first['release']);
  post.now += 1_000;
  const late = await reference(proviso, hold.id);
  assert.deepEqual(
    [late['state'], late['toolCall'], late['release']],
    ['released', undefined, undefined],
  );
  assert.equal(await releases(proviso), 1);
});

test('ten at once: one release, the same for all', async (t) => {
  const { proviso, officer, adviser } = await manned(t);
  const hold = await held(proviso);
  await Promise.all([officer.approve(hold.id), adviser.approve(hold.id)]);
  const told = await Promise.all(Array.from({ length: 10 }, () => reference(proviso, hold.id)));
  assert.equal(new Set(told.map((each) => each['release'])).size, 1);
  assert.deepEqual(
    told.map((each) => each['deliveries']).toSorted((a, b) => Number(a) - Number(b)),
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
  );
  assert.equal(await releases(proviso), 1);
});

test('a release that is in the log although writing it failed is the one that counts', async (t) => {
  const { proviso, officer, adviser } = await manned(t);
  const { gateway } = proviso;
  const hold = await held(proviso);
  await officer.approve(hold.id);
  await adviser.approve(hold.id);
  const { ledger } = gateway;
  const append = ledger.append.bind(ledger);
  // As where the disk fails between the write and its acknowledgement.
  ledger.append = async (entry) => {
    const index = await append(entry);
    if (entry.kind === 'release') throw new Error('the disk went away');
    return index;
  };
  await assert.rejects(takeUp(gateway, hold.id), /went away/);
  ledger.append = append;
  const [first, second] = [await takeUp(gateway, hold.id), await takeUp(gateway, hold.id)];
  assert.ok(first.state === 'released' && second.state === 'released');
  assert.equal(first.token, second.token);
  assert.equal(await releases(proviso), 1);
});

test('the last signature and a rejection at once: one of them ends it', async (t) => {
  const { proviso, officer, adviser } = await manned(t);
  for (const isFirst of [true, false]) {
    const hold = await held(proviso);
    await officer.approve(hold.id);
    const rejecting = () =>
      rejectHold(proviso.gateway, {
        hold: hold.id,
        person: officer.id,
        reason: 'No.',
        strength: 'session',
      });
    const signing = () => adviser.approve(hold.id);
    const both = isFirst ? [rejecting(), signing()] : [signing(), rejecting()];
    const results = await Promise.allSettled(both);
    assert.deepEqual(results.map(({ status }) => status).toSorted(), ['fulfilled', 'rejected']);
    const told = await reference(proviso, hold.id);
    assert.equal(told['state'], isFirst ? 'rejected' : 'released');
    assert.equal(told['toolCall'] === undefined, isFirst);
  }
});

test('terms that forbid it since it was approved', async (t) => {
  const { proviso, officer, adviser } = await manned(t);
  const hold = await held(proviso);
  await officer.approve(hold.id);
  await adviser.approve(hold.id);
  const pack = loadPack(terms());
  const rules = pack.rules.filter(({ policy }) => policy.effect === 'forbid');
  proviso.gateway.terms = compileTerms({ ...pack, rules });
  await assertNothing(proviso, hold, 'denied');
  const entries = await proviso.entries();
  const second = entries.find(({ public: facts }) => facts['parent'] === hold.entry);
  assert.deepEqual([second?.kind, second?.public['effect']], ['decision', 'deny']);
});

test('terms that ask for more signatures, other roles, or no keys in files, since it was approved', async (t) => {
  const changes = [
    (yaml: string) => yaml.replace('count: 2', 'count: 3'),
    (yaml: string) => yaml.replace('duty-officer', 'fleet-officer'),
    (yaml: string) => yaml.replace('    localKeys: true\n', ''),
  ];
  for (const stricter of changes) {
    const { proviso, officer, adviser } = await manned(t);
    const hold = await held(proviso);
    await officer.approve(hold.id);
    await adviser.approve(hold.id);
    proviso.gateway.terms = compileTerms(loadPack(terms(stricter)));
    await assertNothing(proviso, hold, 'denied');
  }
});

test('terms that ask for less do not lower what was asked', async (t) => {
  const { proviso, officer } = await manned(t);
  const hold = await held(proviso);
  await officer.approve(hold.id);
  proviso.gateway.terms = compileTerms(
    loadPack(terms((yaml) => yaml.replace('count: 2', 'count: 1'))),
  );
  await assertNothing(proviso, hold, 'open');
});

test('a person who was removed, or lost the role or the key, since signing', async (t) => {
  const changes: ((person: TestApprover) => PersonChange)[] = [
    ({ id }) => ({ kind: 'remove', person: id }),
    ({ id }) => ({ kind: 'roles', person: id, roles: ['clerk'], teams: ['watch'] }),
    ({ id }) => ({ kind: 'recover', person: id }),
  ];
  for (const ending of changes) {
    const { proviso, officer, adviser } = await manned(t);
    const hold = await held(proviso);
    await officer.approve(hold.id);
    await change(proviso, ending(officer));
    await adviser.approve(hold.id);
    await assertNothing(proviso, hold, 'open');
  }
});

test('a caller whose key was revoked, and a purpose that ended, since it was approved', async (t) => {
  const { proviso, officer, adviser } = await manned(t);
  const purpose = {
    id: 'drill-night',
    title: 'Drill night',
    owner: 'harbour master',
    authority: 'by-law 12',
    dataClasses: [],
    callers: ['*'],
    teams: [],
    allows: [],
  };
  await registerPurpose(proviso.gateway, purpose);
  const { id: keyId, key } = await proviso.newKey({ id: 'second' });
  for (const end of ['purpose', 'key'] as const) {
    upstream.answer(says(speak('openai-chat', SAID)));
    const opened = nextHold(proviso.gateway);
    await post({ ...proviso, key }, CHAT, bodyOf('openai-chat', 'Do it.'), {
      'proviso-purpose': purpose.id,
    });
    const hold = await opened;
    await officer.approve(hold.id);
    await adviser.approve(hold.id);
    if (end === 'purpose') {
      await registerPurpose(proviso.gateway, { ...purpose, endsAt: 1_800_000_000_000 });
      assert.equal((await reference(proviso, hold.id, key))['state'], 'denied');
      await registerPurpose(proviso.gateway, purpose);
    } else {
      await revokeCallerKey(proviso.gateway, keyId);
      assert.equal((await reference(proviso, hold.id, key)).error?.code, 'caller_revoked');
      assert.equal((await takeUp(proviso.gateway, hold.id)).state, 'denied');
    }
  }
  assert.equal(await releases(proviso), 0);
});
