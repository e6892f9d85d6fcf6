/** A call to fire, held for two humans: what the attacks on holds start from. */
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { after, type TestContext } from 'node:test';
import type { JsonObject } from '#base/json.ts';
import { draftChange, signChange } from '#gateway/people.ts';
import type { ActionHold } from '#oversight/hold.ts';
import type { PersonChange } from '#people/change.ts';
import { OPERATOR } from '#people/rules.ts';
import { newApprover, nextHold, termsWithLocalKeys } from '../harness/approvers.ts';
import { openGateway, providersAt, type TestGateway } from '../harness/gateway.ts';
import { bodyOf, pathOf, post } from '../harness/raw.ts';
import { speak } from '../harness/said/speak.ts';
import { says, startUpstream } from '../harness/upstream.ts';

export const CHAT = pathOf('openai-chat');
export const FIRE = { id: 'call_fire', name: 'fire_weapon', arguments: '{"at":"the old pier"}' };
export const SAID = { calls: [FIRE], finish: 'tool_calls' as const };

const folders: string[] = [];
/** The provider, which answers what a test tells it. */
export const upstream = await startUpstream();
after(async () => {
  await upstream.close();
  for (const folder of folders) rmSync(folder, { recursive: true });
});

export function terms(change?: (yaml: string) => string): string {
  const folder = termsWithLocalKeys(change);
  folders.push(folder);
  return folder;
}

/** A gateway with two who may sign, and a clock that only the test moves. */
export async function manned(t: TestContext, config: JsonObject = {}) {
  const time = { now: 1_800_000_000_000 };
  const proviso = await openGateway({
    config: { providers: providersAt(upstream), terms: terms(), ...config },
    clock: { now: () => time.now },
  });
  t.after(() => proviso.close());
  const officer = await newApprover(proviso.gateway);
  const law = { roles: ['legal-adviser'], teams: ['law'] };
  const adviser = await newApprover(proviso.gateway, law);
  return Object.assign(time, { proviso, officer, adviser });
}

/** A tool call that is held; its client got the reference and went away. */
export async function held(proviso: TestGateway, said: object = SAID): Promise<ActionHold> {
  upstream.answer(says(speak('openai-chat', said)));
  const opened = nextHold(proviso.gateway);
  const answer = await post(proviso, CHAT, bodyOf('openai-chat', 'Do it.'));
  assert.equal(answer.status, 200);
  assert.doesNotMatch(answer.text, /old pier/);
  const hold = await opened;
  assert.equal(answer.headers.get('proviso-hold'), hold.id);
  return hold;
}

export async function reference(proviso: TestGateway, id: string, key = proviso.key) {
  const response = await fetch(`${proviso.address}/proviso/holds/${id}`, {
    headers: { authorization: `Bearer ${key}` },
  });
  return (await response.json()) as Record<string, unknown> & { error?: { code: string } };
}

export async function releases(proviso: TestGateway): Promise<number> {
  const entries = await proviso.entries();
  return entries.filter(({ kind }) => kind === 'release').length;
}

/** Nothing was released, and asking for it gives no arguments. */
export async function assertNothing(proviso: TestGateway, hold: ActionHold, state: string) {
  const told = await reference(proviso, hold.id);
  assert.deepEqual(
    [told['state'], told['toolCall'], told['release']],
    [state, undefined, undefined],
  );
  assert.equal(await releases(proviso), 0);
}

export async function change(proviso: TestGateway, wanted: PersonChange): Promise<void> {
  const { text } = draftChange(proviso.gateway, wanted);
  await signChange(proviso.gateway, text, { by: OPERATOR });
}
