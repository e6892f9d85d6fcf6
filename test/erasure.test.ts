/** Erasing on a gateway that serves: by subject, by purpose, by caller; and questions on record. */
import assert from 'node:assert/strict';
import {
  appendFileSync,
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { type Control, localControl } from '#admin/operation.ts';
import { erase } from '#admin/operations/erasures.ts';
import { answerInquiry, listInquiries, openInquiry } from '#admin/operations/inquiries.ts';
import { registerPurpose } from '#gateway/changes.ts';
import { stateOf } from '#gateway/state.ts';
import { McpServers } from '#mcp/serve.ts';
import {
  type GatewayOptions,
  openGateway,
  providersAt,
  type TestGateway,
} from './harness/gateway.ts';
import { bodyOf, codeOf, pathOf, post } from './harness/raw.ts';
import { speak } from './harness/said/speak.ts';
import { says, startUpstream, type Upstream } from './harness/upstream.ts';

const MCP_SERVER = fileURLToPath(new URL('harness/mcp-server.ts', import.meta.url));
const EXAMPLE = fileURLToPath(new URL('../examples/terms/restricted-use', import.meta.url));
const SUBJECT = 'case-4711-PLANTED';

let upstream: Upstream;
before(async () => {
  upstream = await startUpstream();
  upstream.answer(says(speak('openai-chat', { text: 'Noted.', finish: 'stop' })));
});
after(() => upstream.close());

/** @param values for whom the terms encrypt */
async function opened(
  t: TestContext,
  values: string,
  more: GatewayOptions = {},
): Promise<[TestGateway, Control]> {
  const terms = mkdtempSync(join(tmpdir(), 'proviso-terms-'));
  t.after(() => rmSync(terms, { recursive: true }));
  cpSync(EXAMPLE, terms, { recursive: true });
  appendFileSync(join(terms, 'terms.yaml'), `\nvalues: ${values}\n`);
  const config = { terms, providers: providersAt(upstream), ...more.config };
  const proviso = await openGateway({ ...more, config });
  t.after(() => proviso.close());
  const context = { state: proviso.gateway, actor: { kind: 'operator' } } as const;
  return [proviso, localControl(context, async () => undefined)];
}

const ask = (proviso: TestGateway, text: string, headers: Readonly<Record<string, string>> = {}) =>
  post(proviso, pathOf('openai-chat'), bodyOf('openai-chat', text), headers);

test('by subject: what was said of one is gone, and of nobody else', async (t) => {
  const [proviso, control] = await opened(t, 'subject');
  const from = await proviso.settled();
  const first = await ask(proviso, 'About one.', { 'proviso-subject': SUBJECT });
  await ask(proviso, 'About another.', { 'proviso-subject': 'case-2' });
  await ask(proviso, 'About nobody.');
  assert.equal(first.status, 200);
  assert.equal((await proviso.entries(from)).length, 6);

  const { entry } = await control.ask(erase, { of: 'subject', name: SUBJECT, reason: 'asked for' });
  const { ledger } = proviso.gateway;
  for (let index = from; index < from + 6; index++) {
    const reading = ledger.readPrivate(await ledger.readEntry(index));
    if (index < from + 2) await assert.rejects(reading, { code: 'value_erased' });
    else assert.ok((await reading)['content']);
  }
  const tombstone = await ledger.readEntry(entry);
  assert.equal(tombstone.kind, 'erasure');
  assert.deepEqual(await ledger.readPrivate(tombstone), { by: 'operator', reason: 'asked for' });
  await assert.rejects(control.ask(erase, { of: 'subject', name: SUBJECT }), { code: 'not_found' });

  // INVARIANT (9): the name was nowhere at any time, and nobody else was told it.
  assert.ok(upstream.take().every(({ headers }) => !('proviso-subject' in headers)));
  assert.ok(proviso.logs.every((line) => !line.includes('PLANTED')));
  for (const file of filesIn(proviso.dir)) assert.ok(!readFileSync(file).includes('PLANTED'), file);
});

test('by subject, over MCP too', async (t) => {
  const [proviso, control] = await opened(t, 'subject', {
    config: { mcp: { desk: { command: process.execPath, args: [MCP_SERVER] } } },
    mounts: (gateway) => [new McpServers(gateway)],
  });
  const client = new Client({ name: 'tester', version: '1' });
  const headers = { authorization: `Bearer ${proviso.key}`, 'proviso-subject': SUBJECT };
  const url = new URL('/mcp/desk', proviso.address);
  await client.connect(new StreamableHTTPClientTransport(url, { requestInit: { headers } }));
  t.after(() => client.close());
  const from = await proviso.settled();
  await client.callTool({ name: 'echo', arguments: { words: 'good morning' } });
  const entries = await proviso.entries(from);
  await control.ask(erase, { of: 'subject', name: SUBJECT });
  const { ledger } = proviso.gateway;
  const decisions = entries.filter(({ kind }) => kind === 'decision');
  assert.equal(decisions.length, 2);
  for (const entry of decisions) {
    await assert.rejects(ledger.readPrivate(entry), { code: 'value_erased' });
  }
});

test('a subject that has no effect, or is none, is refused', async (t) => {
  const [byPurpose] = await opened(t, 'purpose');
  const refused = await ask(byPurpose, 'Hello.', { 'proviso-subject': SUBJECT });
  assert.deepEqual([refused.status, codeOf(refused)], [400, 'invalid_request']);
  assert.match(refused.text, /encrypt values for each purpose/);
  const [bySubject, control] = await opened(t, 'subject');
  for (const wrong of ['two words', 'x'.repeat(257)]) {
    const { status } = await ask(bySubject, 'Hello.', { 'proviso-subject': wrong });
    assert.equal(status, 400, wrong);
    const erasing = control.ask(erase, { of: 'subject', name: wrong });
    await assert.rejects(erasing, { code: 'invalid_request' });
  }
});

test('what was asked for no purpose can go too', async (t) => {
  const [proviso, control] = await opened(t, 'purpose');
  const from = await proviso.settled();
  assert.equal((await ask(proviso, 'Hello.')).status, 200);
  await proviso.settled();
  await control.ask(erase, { of: 'no-purpose' });
  const { ledger } = proviso.gateway;
  await assert.rejects(ledger.readPrivate(await ledger.readEntry(from)), { code: 'value_erased' });
});

test('INVARIANT (13): by purpose, the purpose itself goes, now and for the next to start', async (t) => {
  const [proviso, control] = await opened(t, 'purpose');
  const { gateway } = proviso;
  await registerPurpose(gateway, {
    id: 'minutes',
    title: 'Minutes',
    owner: 'clerk',
    authority: 'by-law 12',
    dataClasses: [],
    callers: ['*'],
    teams: [],
    allows: [],
  });
  const headers = { 'proviso-purpose': 'minutes' };
  assert.equal((await ask(proviso, 'Hello.', headers)).status, 200);
  await proviso.settled();
  await control.ask(erase, { of: 'purpose', name: 'minutes' });
  assert.equal(gateway.purposes.find('minutes'), undefined);
  assert.equal(codeOf(await ask(proviso, 'Hello.', headers)), 'purpose_unknown');
  const { purposes } = await stateOf(gateway.config, gateway.ledger);
  assert.deepEqual(purposes.list(), gateway.purposes.list());
});

test('by caller, the key opens nothing any more; where the terms say so, what it asked is gone', async (t) => {
  const [proviso, control] = await opened(t, 'caller');
  const { key } = await proviso.newKey({ id: 'leaving' });
  const from = await proviso.settled();
  const asLeaving = { authorization: `Bearer ${key}` };
  assert.equal((await ask(proviso, 'Hello.', asLeaving)).status, 200);
  assert.equal((await ask(proviso, 'Hello.')).status, 200);
  await proviso.settled();
  await control.ask(erase, { of: 'caller', name: 'leaving' });
  assert.equal(codeOf(await ask(proviso, 'Hello.', asLeaving)), 'caller_revoked');
  const { ledger } = proviso.gateway;
  await assert.rejects(ledger.readPrivate(await ledger.readEntry(from)), { code: 'value_erased' });
  assert.ok((await ledger.readPrivate(await ledger.readEntry(from + 2)))['content']);
});

test('a question and its answers are on record, and the words in the vault', async (t) => {
  const [proviso, control] = await opened(t, 'purpose');
  const question = {
    asker: 'the inspectorate',
    authority: 'act 12',
    scope: 'refusals in March',
    question: 'Which?',
  };
  const { entry } = await control.ask(openInquiry, question);
  const disclosure = 'ab'.repeat(32);
  const answer = { inquiry: entry, by: 'head of records', answer: 'See the file.' };
  const answered = await control.ask(answerInquiry, { ...answer, disclosure });
  const later = await control.ask(answerInquiry, { ...answer, answer: 'And this.' });
  const other = { ...answer, inquiry: answered.entry };
  await assert.rejects(control.ask(answerInquiry, other), { code: 'not_found' });
  const [row, ...rest] = await control.ask(listInquiries, {});
  assert.deepEqual([rest, row?.state, row?.asked], [[], 'answered', question]);
  assert.deepEqual(
    row?.answers.map(({ at: _at, ...said }) => said),
    [
      { entry: answered.entry, disclosure, by: 'head of records', answer: 'See the file.' },
      { entry: later.entry, by: 'head of records', answer: 'And this.' },
    ],
  );
  const opening = await proviso.gateway.ledger.readEntry(entry);
  assert.deepEqual(opening.public, { action: 'opened' });
});

function filesIn(dir: string): string[] {
  return readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .map((name) => join(dir, name))
    .filter((path) => statSync(path).isFile());
}
