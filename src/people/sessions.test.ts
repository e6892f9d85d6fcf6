import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Challenges } from './challenges.ts';
import { SESSION_IDLE_MS, SESSION_MS, Sessions } from './sessions.ts';

class StoppedClock {
  nowMs = 1_000_000;

  now(): number {
    return this.nowMs;
  }
}

test('a session ends when it is idle, and at the latest after its time', () => {
  const clock = new StoppedClock();
  const sessions = new Sessions(clock, () => 0);
  const { secret, session } = sessions.begin('per_a', 'passkey');
  assert.equal(session.endsAt, clock.nowMs + SESSION_MS);
  clock.nowMs += SESSION_IDLE_MS - 1;
  assert.equal(sessions.find(secret)?.person, 'per_a');
  clock.nowMs += SESSION_IDLE_MS - 1;
  assert.equal(sessions.find(secret)?.person, 'per_a');
  clock.nowMs += SESSION_IDLE_MS;
  assert.equal(sessions.find(secret), undefined);
  const again = sessions.begin('per_a', 'passkey');
  for (let i = 0; i < SESSION_MS / 60_000 - 1; i++) {
    clock.nowMs += 60_000;
    assert.ok(sessions.find(again.secret));
  }
  clock.nowMs += 60_000;
  assert.equal(sessions.find(again.secret), undefined);
});

test('what goes on without the person does not keep a session from ending', () => {
  const clock = new StoppedClock();
  const sessions = new Sessions(clock, () => 0);
  const { secret } = sessions.begin('per_a', 'passkey');
  clock.nowMs += SESSION_IDLE_MS - 1;
  assert.ok(sessions.isInForce(secret));
  clock.nowMs += 1;
  assert.ok(!sessions.isInForce(secret));
});

test('a turn of the person ends every session of theirs, and of nobody else', () => {
  const turns = new Map<string, number>();
  const sessions = new Sessions(new StoppedClock(), (person) => turns.get(person) ?? 0);
  const [a, b] = [sessions.begin('per_a', 'passkey'), sessions.begin('per_a', 'oidc')];
  const other = sessions.begin('per_b', 'passkey');
  turns.set('per_a', 1);
  assert.deepEqual([sessions.find(a.secret), sessions.find(b.secret)], [undefined, undefined]);
  assert.ok(sessions.find(other.secret));
  assert.ok(sessions.find(sessions.begin('per_a', 'passkey').secret));
});

test('secrets are never the same, and the oldest of too many sessions goes', () => {
  const sessions = new Sessions(new StoppedClock(), () => 0);
  const secrets = Array.from({ length: 20 }, () => sessions.begin('per_a', 'passkey').secret);
  assert.equal(new Set(secrets).size, 20);
  assert.deepEqual(
    secrets.map((secret) => sessions.find(secret) !== undefined),
    secrets.map((_, i) => i >= 4),
  );
  sessions.end(secrets[19] ?? '');
  assert.equal(sessions.find(secrets[19] ?? ''), undefined);
  assert.equal(sessions.find('another'), undefined);
});

test('a challenge is 32 bytes, good once and for its time', () => {
  const clock = new StoppedClock();
  const challenges = new Challenges<string>('test v1', 60_000, clock);
  const [one, two] = [challenges.issue('a'), challenges.issue('b')];
  assert.deepEqual([one.challenge.length, one.expiresAt], [32, clock.nowMs + 60_000]);
  assert.notDeepEqual(one.challenge, two.challenge);
  assert.equal(challenges.take(one.id).about, 'a');
  assert.throws(() => challenges.take(one.id), { code: 'challenge_invalid' });
  assert.throws(() => challenges.take('unknown'), { code: 'challenge_invalid' });
  clock.nowMs += 60_000;
  assert.throws(() => challenges.take(two.id), { code: 'challenge_invalid' });
});

test('challenges that nobody answers are forgotten, the oldest first', () => {
  const clock = new StoppedClock();
  const challenges = new Challenges<number>('test v1', 60_000, clock);
  const issued = Array.from({ length: 10_002 }, (_, i) => challenges.issue(i));
  assert.throws(() => challenges.take(issued[0]?.id ?? ''), { code: 'challenge_invalid' });
  assert.throws(() => challenges.take(issued[1]?.id ?? ''), { code: 'challenge_invalid' });
  assert.equal(challenges.take(issued[2]?.id ?? '').about, 2);
  assert.equal(challenges.take(issued.at(-1)?.id ?? '').about, 10_001);
});
