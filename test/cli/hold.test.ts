/** `proviso hold`, as whoever lives in a terminal uses it. */
import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { serveControl } from '#admin/server.ts';
import { draftChange, signChange } from '#gateway/people.ts';
import { createLocalKey, openLocalKey } from '#people/local-key.ts';
import { OPERATOR } from '#people/rules.ts';
import { newApprover, nextHold, termsWithLocalKeys } from '../harness/approvers.ts';
import { openGateway, providersAt, type TestGateway } from '../harness/gateway.ts';
import { bodyOf, pathOf, post } from '../harness/raw.ts';
import { speak } from '../harness/said/speak.ts';
import { says, startUpstream, type Upstream } from '../harness/upstream.ts';
import { launch, proviso, provisoJson, until } from './run.ts';

let upstream: Upstream;
let gateway: TestGateway;
let control: Awaited<ReturnType<typeof serveControl>>;
let terms: string;
before(async () => {
  upstream = await startUpstream();
  terms = termsWithLocalKeys();
  gateway = await openGateway({ config: { terms, providers: providersAt(upstream) } });
  const context = {
    state: gateway.gateway,
    actor: { kind: 'operator' } as const,
    address: gateway.address,
  };
  control = await serveControl(context, gateway.dir, (cause) => assert.fail(String(cause)));
  await newPerson('Ada Veld', ['duty-officer'], ['watch'], 'ada.pem');
  await newPerson('Bo Lind', ['legal-adviser'], ['law'], 'bo.pem');
});
after(async () => {
  await upstream.close();
  await control.close();
  await gateway.close();
  rmSync(terms, { recursive: true });
});

async function newPerson(name: string, roles: string[], teams: string[], file: string) {
  const { id } = await newApprover(gateway.gateway, { name, roles, teams });
  const pem = createLocalKey();
  const credential = openLocalKey(pem).key;
  const { text } = draftChange(gateway.gateway, { kind: 'add-key', person: id, credential });
  await signChange(gateway.gateway, text, { by: OPERATOR });
  writeFileSync(join(gateway.dir, file), pem, { mode: 0o600 });
}

async function held(): Promise<string> {
  const call = { id: 'c', name: 'fire_weapon', arguments: '{"at":"the old pi\u0435r\\u202e"}' };
  upstream.answer(says(speak('openai-chat', { calls: [call], finish: 'tool_calls' })));
  const opened = nextHold(gateway.gateway);
  await post(gateway, pathOf('openai-chat'), bodyOf('openai-chat', 'Do it.'));
  return (await opened).id;
}

const hold = (...args: string[]) => proviso('hold', ...args, '--data', gateway.dir);
const holdJson = (...args: string[]) => provisoJson('hold', ...args, '--data', gateway.dir);
const key = (file: string) => ['--key', join(gateway.dir, file)];

test('list, show, sign by two, and it is approved', async () => {
  const id = await held();
  const listed = await hold('list');
  assert.match(listed.stdout, new RegExp(`${id} +open +fire_weapon +tester +force 0/2`));
  const { stdout } = await hold('show', id);
  assert.match(stdout, /arguments\.at +“the old pi\u0435⟨U\+0435⟩r⟨U\+202E⟩”/);
  assert.doesNotMatch(stdout, /\u202e/);
  const { document: shown } = await holdJson('show', id);
  const display = ['--display', shown['display'].hash];

  const blind = await hold('approve', id, ...key('ada.pem'));
  assert.deepEqual([blind.code, /--display/.test(blind.stderr)], [3, true]);
  const other = await holdJson('approve', id, ...key('ada.pem'), '--display', '0'.repeat(64));
  assert.deepEqual([other.code, other.document['error'].code], [2, 'challenge_invalid']);
  const first = await hold('approve', id, ...key('ada.pem'), ...display);
  assert.equal(first.code, 0);
  assert.match(first.stdout, /by Ada Veld\. 1 more to sign\./);
  const again = await holdJson('approve', id, ...key('ada.pem'), ...display);
  assert.deepEqual([again.code, again.document['error'].code], [2, 'approval_refused']);
  const { code, document } = await holdJson('approve', id, ...key('bo.pem'), ...display);
  assert.deepEqual([code, document['state']], [0, 'approved']);
  const { openedAt, visibleMs } = gateway.gateway.holds.find(id)?.answers[0] ?? {};
  assert.ok(openedAt !== undefined && visibleMs !== undefined);
});

test('without a key it points to the console; with somebody’s unknown key it says so', async () => {
  const id = await held();
  const { code, document } = await holdJson('approve', id);
  const port = new URL(gateway.address).port;
  assert.equal(code, 1);
  assert.deepEqual(document, { hold: id, url: `http://localhost:${port}/console/holds/${id}` });
  writeFileSync(join(gateway.dir, 'nobody.pem'), createLocalKey());
  const unknown = await holdJson('approve', id, ...key('nobody.pem'), '--display', 'x');
  assert.deepEqual([unknown.code, unknown.document['error'].code], [3, 'person_unknown']);
});

test('rejected with a reason; and what there is not', async () => {
  const id = await held();
  const nobody = await holdJson('reject', id, '--person', 'Nobody', '--reason', 'No.');
  assert.deepEqual([nobody.code, nobody.document['error'].code], [3, 'person_unknown']);
  const { code, stdout } = await hold(
    'reject',
    id,
    '--person',
    'Bo Lind',
    '--reason',
    'Wrong pier.',
  );
  assert.deepEqual([code, /rejected .* by Bo Lind\./.test(stdout)], [0, true]);
  const { document } = await holdJson('show', id);
  assert.equal(document['state'], 'rejected');
  assert.equal(document['answers'][0].reason, 'Wrong pier.');
  assert.equal(document['answers'][0].strength, 'operator');
  const late = await holdJson('reject', id, '--person', 'Ada Veld', '--reason', 'Too.');
  assert.deepEqual([late.code, late.document['error'].code], [2, 'hold_ended']);
  const none = await holdJson('show', `hld_${'A'.repeat(22)}`);
  assert.deepEqual([none.code, none.document['error'].code], [3, 'not_found']);
});

test('watch tells of a hold as it comes and as it ends', async () => {
  const child = launch(['hold', 'watch', '--json', '--data', gateway.dir]);
  let told = '';
  child.stdout.on('data', (chunk: Buffer) => (told += chunk.toString()));
  let notes = '';
  child.stderr.on('data', (chunk: Buffer) => (notes += chunk.toString()));
  try {
    await until(() => notes.includes('Watching'));
    const id = await held();
    await until(() => told.includes(id));
    await hold('reject', id, '--person', 'Bo Lind', '--reason', 'No.');
    await until(() => told.includes('"rejected"'));
    const states = told
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { hold: string; state: string })
      .filter((row) => row.hold === id);
    assert.deepEqual(
      states.map(({ state }) => state),
      ['open', 'rejected'],
    );
  } finally {
    child.kill('SIGINT');
  }
});
