/** A call that people must sign before the provider sees it. */
import assert from 'node:assert/strict';
import { appendFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import type { JsonObject } from '#base/json.ts';
import { rejectHold } from '#gateway/approve.ts';
import type { ActionHold } from '#oversight/hold.ts';
import { PROTOCOLS, type Protocol } from '#wire/exchange.ts';
import {
  newApprover,
  nextHold,
  type TestApprover,
  termsWithLocalKeys,
} from './harness/approvers.ts';
import { connect } from './harness/clients/connect.ts';
import {
  modelOf,
  openGateway,
  outcomeOf,
  providersAt,
  type TestGateway,
} from './harness/gateway.ts';
import { bodyOf, codeOf, open, pathOf, post, streamedBody } from './harness/raw.ts';
import { speak } from './harness/said/speak.ts';
import { says, startUpstream, type Upstream } from './harness/upstream.ts';

const ASK_FIRST = `
@id("ask-before-speaking-of-force")
@clause("human-decides-on-force")
@hold("force")
forbid(principal, action in Action::"call", resource)
when { context.topics.contains("force") && context.persons == 1 }
unless { context.approvals.contains("force") };
`;
const TESTS = `
- name: speaking of force to somebody waits
  call: { topics: [force], persons: 1 }
  expect: hold
`;

let upstream: Upstream;
let proviso: TestGateway;
let officer: TestApprover;
let adviser: TestApprover;
let terms: string;
before(async () => {
  upstream = await startUpstream();
  terms = termsWithLocalKeys();
  appendFileSync(join(terms, 'rules/force.cedar'), ASK_FIRST);
  appendFileSync(join(terms, 'tests/force.yaml'), TESTS);
  proviso = await openGateway({
    config: {
      terms,
      providers: providersAt(upstream),
      oversight: { waitMsMax: 20_000, streamWaitMsMax: 20_000, keepAliveMs: 100 },
    },
  });
  officer = await newApprover(proviso.gateway);
  adviser = await newApprover(proviso.gateway, { roles: ['legal-adviser'], teams: ['law'] });
});
after(async () => {
  await upstream.close();
  await proviso.close();
  rmSync(terms, { recursive: true });
});
beforeEach(() => upstream.take());

const ASKED = 'When do we open fire? Tell clerk@example.org.';
const CHAT = pathOf('openai-chat');
const BY_REFERENCE = { 'proviso-hold': 'reference' };
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function approve({ id }: ActionHold): Promise<void> {
  await officer.approve(id);
  await adviser.approve(id);
}

function ask(protocol: Protocol, streams: boolean) {
  upstream.answer(says(speak(protocol, { text: 'Never.' })));
  const question = { model: modelOf(protocol), turns: [{ user: ASKED }] };
  return connect(protocol, proviso).ask(question, streams);
}

/** Held, and answered by reference. */
async function referred(body: JsonObject = bodyOf('openai-chat', ASKED)): Promise<ActionHold> {
  upstream.answer(says(speak('openai-chat', { text: 'Never.' })));
  const opened = nextHold(proviso.gateway);
  const answer = await post(proviso, CHAT, body, BY_REFERENCE);
  assert.equal(answer.status, 200);
  const hold = await opened;
  assert.equal(answer.headers.get('proviso-hold'), hold.id);
  assert.match(answer.text, new RegExp(`repeat it with the header .proviso-hold: ${hold.id}`));
  return hold;
}

for (const protocol of PROTOCOLS) {
  for (const streams of [false, true]) {
    const title = `${protocol}${streams ? ', streamed' : ''}`;

    test(`${title}: the provider sees it when people have signed, and not before`, async () => {
      const from = await proviso.settled();
      const opened = nextHold(proviso.gateway);
      const asking = ask(protocol, streams);
      const hold = await opened;
      assert.ok(hold.action.kind === 'call');
      assert.match(JSON.stringify(hold.action.request), /When do we open fire\?/);
      await sleep(streams ? 350 : 0);
      await officer.approve(hold.id);
      assert.deepEqual(upstream.take(), []);
      await adviser.approve(hold.id);
      assert.equal((await asking).text, 'Never.');
      assert.equal(upstream.take().length, 1);
      const entries = await proviso.entries(from);
      const decisions = entries.filter(({ kind }) => kind === 'decision');
      assert.deepEqual(
        decisions.map(({ index, public: { effect, parent } }) => [
          effect,
          parent,
          outcomeOf(entries, index)['outcome'],
        ]),
        [
          ['hold', undefined, 'held'],
          ['permit', hold.entry, 'answered'],
        ],
      );
    });

    test(`${title}: rejected, the caller is told so, and the provider sees nothing`, async () => {
      const opened = nextHold(proviso.gateway);
      const asking = ask(protocol, streams).then(
        () => assert.fail('was answered'),
        (thrown: unknown) => JSON.stringify(thrown) + String(thrown),
      );
      const { id: hold } = await opened;
      await sleep(streams ? 150 : 0);
      const rejecting = { hold, person: officer.id, reason: 'Not now.' };
      await rejectHold(proviso.gateway, { ...rejecting, strength: 'session' });
      assert.match(await asking, /said no: “Not now\.”/);
      assert.deepEqual(upstream.take(), []);
    });
  }
}

test('by reference: the same call, repeated under its hold, is carried once', async () => {
  const body = bodyOf('openai-chat', ASKED);
  const hold = await referred(body);
  const repeat = () => post(proviso, CHAT, body, { 'proviso-hold': hold.id });
  const early = await post(proviso, CHAT, body, { ...BY_REFERENCE });
  assert.notEqual(early.headers.get('proviso-hold'), hold.id);
  await approve(hold);
  assert.deepEqual(upstream.take(), []);
  const [first, second] = await Promise.all([repeat(), repeat()]);
  assert.deepEqual(
    [first.status, second.status].toSorted((a, b) => a - b),
    [200, 410],
  );
  assert.equal(codeOf(first.status === 410 ? first : second), 'hold_ended');
  assert.equal(codeOf(await repeat()), 'hold_ended');
  assert.equal(upstream.take().length, 1);
});

test('another request under an approved hold is refused', async () => {
  const fields = { temperature: 0.5 };
  const hold = await referred(bodyOf('openai-chat', ASKED, fields));
  await approve(hold);
  const under = { 'proviso-hold': hold.id };
  const others = [
    bodyOf('openai-chat', ASKED),
    bodyOf('openai-chat', `${ASKED} Now.`, fields),
    bodyOf('openai-chat', ASKED, { temperature: 0.6 }),
    bodyOf('openai-chat', ASKED, { ...fields, model: 'openai-chat-other' }),
    streamedBody('openai-chat', ASKED, fields),
  ];
  for (const other of others) {
    assert.equal(codeOf(await post(proviso, CHAT, other, under)), 'hold_mismatch');
  }
  const { key } = await proviso.newKey({ id: 'another' });
  const same = bodyOf('openai-chat', ASKED, fields);
  assert.equal(codeOf(await post({ ...proviso, key }, CHAT, same, under)), 'not_found');
  assert.deepEqual(upstream.take(), []);
  assert.equal((await post(proviso, CHAT, same, under)).status, 200);
});

test('a stream that waits too long says the reference', async () => {
  const { config } = proviso.gateway;
  const oversight = { ...config.oversight, streamWaitMsMax: 50 };
  proviso.gateway.config = { ...config, oversight };
  try {
    const opened = nextHold(proviso.gateway);
    const answer = await post(proviso, CHAT, streamedBody('openai-chat', ASKED));
    const { id } = await opened;
    assert.match(answer.text, new RegExp(`^: proviso-hold ${id}\n\n`));
    assert.match(answer.text, /data: \[DONE\]/);
  } finally {
    proviso.gateway.config = config;
  }
});

test('a client that goes away leaves the hold, and nothing is sent for it', async () => {
  const gone = new AbortController();
  const opened = nextHold(proviso.gateway);
  const asking = open(proviso, CHAT, bodyOf('openai-chat', ASKED), {}, gone.signal).catch(
    () => undefined,
  );
  const hold = await opened;
  gone.abort();
  await asking;
  await sleep(50);
  await approve(hold);
  await sleep(50);
  assert.deepEqual(upstream.take(), []);
  const { holds } = proviso.gateway;
  assert.equal(holds.state(holds.find(hold.id) ?? hold), 'approved');
});

test('an embedding under a hold has no text to say so in, and is refused with the reference', async () => {
  const body = { model: modelOf('openai-chat'), input: ASKED };
  const answer = await post(proviso, '/v1/embeddings', body, BY_REFERENCE);
  assert.deepEqual([answer.status, codeOf(answer)], [403, 'approval_pending']);
  assert.match(answer.headers.get('proviso-hold') ?? '', /^hld_/);
});
