import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { parseVerifierKey } from '#base/note.ts';
import { openLedger } from '#ledger/ledger.ts';
import type { Protocol } from '#wire/exchange.ts';
import type { DemoCase } from './demo-cases.ts';
import type { DemoClient, Heard } from './demo-clients.ts';
import { DemoRecord } from './demo-record.ts';

const dir = mkdtempSync(join(tmpdir(), 'proviso-demo-record-'));
after(() => rmSync(dir, { recursive: true, force: true }));

const ledger = await openLedger({ dir, origin: 'test.example/demo' });
const { verifierKey } = ledger;
const permitted = await decision('permit', 'answered');
const refused = await decision('deny', 'denied');
const withPermittedTool = await decision('permit', 'answered');
await decision('permit', 'delivered', withPermittedTool);
const withRefusedTool = await decision('permit', 'answered');
const refusedTool = await decision('deny', 'withheld', withRefusedTool);
await ledger.close();
const record = await DemoRecord.read(
  dir,
  parseVerifierKey(verifierKey),
  new Map<string, Protocol>([['box', 'gemini']]),
);

async function decision(effect: string, outcome: string, parent?: number): Promise<number> {
  const index = await ledger.append({
    kind: 'decision',
    public: {
      action: parent === undefined ? 'generate' : 'call_tool',
      effect,
      ...(parent === undefined ? {} : { parent }),
      protocol: 'anthropic',
      rules: ['a-rule'],
      streamed: true,
      targets: ['box/model'],
    },
  });
  await ledger.append({ kind: 'outcome', closes: index, public: { outcome } });
  return index;
}

const client: DemoClient = {
  sdk: 'test',
  protocol: 'anthropic',
  canReachOut: false,
  ask: () => Promise.reject(new Error('unused')),
};
const plain: DemoCase = {
  client,
  protocolOut: 'gemini',
  asked: 'text',
  question: { model: 'model', text: 'Good day.', streamed: true },
  call: 'permit',
};
const tool = { name: 'look', description: 'Looks.' };
const calling = { ...plain, question: { ...plain.question, tool }, arguments: { far: 1 } };
const heard: Heard = { text: 'You said: Good day.', toolCalls: [], entry: permitted };
const call = { name: 'look', arguments: { far: 1 } };
const told = `withheld, entry ${refusedTool}`;

const problems = (one: DemoCase, heard: Heard | Error) =>
  record.rows({ case: one, heard }).map(({ problem }) => problem);

test('what went as it should has no problem', () => {
  const none = undefined;
  assert.deepEqual(problems(plain, heard), [none]);
  const denied = { ...heard, text: '', entry: refused, refusal: 'terms_denied' };
  assert.deepEqual(problems({ ...plain, call: 'deny' }, denied), [none]);
  const delivered = { ...heard, text: '', entry: withPermittedTool, toolCalls: [call] };
  assert.deepEqual(problems({ ...calling, toolCall: 'permit' }, delivered), [none, none]);
  const withheld = { ...heard, text: told, entry: withRefusedTool };
  assert.deepEqual(problems({ ...calling, toolCall: 'deny' }, withheld), [none, none]);
});

test('the client saw something else than was recorded', () => {
  const withheld = { ...heard, text: told, entry: withRefusedTool };
  const denied = { ...calling, toolCall: 'deny' } as const;
  assert.match(problems(denied, { ...withheld, toolCalls: [call] })[1] ?? '', /saw the calls/);
  assert.match(problems(denied, { ...withheld, text: 'nothing' })[1] ?? '', /not told/);
  const delivered = { ...heard, entry: withPermittedTool, toolCalls: [{ ...call, arguments: {} }] };
  assert.match(problems({ ...calling, toolCall: 'permit' }, delivered)[1] ?? '', /saw the calls/);
  assert.match(
    problems({ ...plain, call: 'deny' }, { ...heard, entry: refused })[0] ?? '',
    /refusal/,
  );
  assert.match(problems(plain, { ...heard, text: 'Good' })[0] ?? '', /the client read/);
});

test('the decision is not the one that the case asks for', () => {
  assert.match(problems({ ...plain, call: 'deny' }, heard)[0] ?? '', /should be deny/);
  assert.match(
    problems({ ...plain, protocolOut: 'anthropic' }, heard)[0] ?? '',
    /another protocol/,
  );
  const otherClient = { ...client, protocol: 'gemini' } as const;
  assert.match(problems({ ...plain, client: otherClient }, heard)[0] ?? '', /came in as/);
  const notStreamed = { ...plain, question: { ...plain.question, streamed: false } };
  assert.match(problems(notStreamed, heard)[0] ?? '', /streamed or not/);
  assert.match(problems({ ...calling, toolCall: 'deny' }, heard)[0] ?? '', /0 tool calls decided/);
});

test('no decision is named, or the client broke', () => {
  assert.match(problems(plain, { ...heard, entry: -1 })[0] ?? '', /names no decision/);
  assert.match(problems(plain, { ...heard, entry: permitted + 1 })[0] ?? '', /names no decision/);
  assert.deepEqual(problems(plain, new Error('broken stream')), ['broken stream']);
});
