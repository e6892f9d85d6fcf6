/** The executor, against a real gateway: it acts on what people signed, once, and on nothing else. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import {
  newApprover,
  nextHold,
  type TestApprover,
  termsWithLocalKeys,
} from '../../test/harness/approvers.ts';
import { openGateway, providersAt, type TestGateway } from '../../test/harness/gateway.ts';
import { bodyOf, pathOf, post } from '../../test/harness/raw.ts';
import { speak } from '../../test/harness/said/speak.ts';
import { says, startUpstream, type Upstream } from '../../test/harness/upstream.ts';
import { createExecutor } from './executor.ts';
import { seenFiles } from './seen-files.ts';

const folder = mkdtempSync(join(tmpdir(), 'proviso-used-'));
const terms = termsWithLocalKeys();
const done: unknown[] = [];
let upstream: Upstream;
let proviso: TestGateway;
let people: readonly TestApprover[];
let servers: ReturnType<typeof createExecutor>[];
before(async () => {
  upstream = await startUpstream();
  proviso = await openGateway({ config: { terms, providers: providersAt(upstream) } });
  people = [
    await newApprover(proviso.gateway),
    await newApprover(proviso.gateway, { roles: ['legal-adviser'], teams: ['law'] }),
  ];
  const keys = await (await fetch(`${proviso.address}/proviso/release-keys`)).json();
  // Two processes that could do the same share the folder of what was used.
  servers = [1, 2].map(() =>
    createExecutor({
      keys: keys as { keys: [] },
      issuer: proviso.gateway.ledger.origin,
      seen: seenFiles(folder),
      tools: {
        fire_weapon: (given: unknown) => done.push(given),
        other_weapon: (given: unknown) => done.push(given),
      },
    }),
  );
  for (const server of servers) await new Promise<void>((resolve) => server.listen(0, resolve));
});
after(async () => {
  for (const server of servers) server.close();
  await upstream.close();
  await proviso.close();
  for (const path of [folder, terms]) rmSync(path, { recursive: true });
});

interface Released {
  readonly release: string;
  readonly toolCall: { readonly name: string; readonly arguments: string };
}

/** What a client gets when two people have signed. */
async function released(): Promise<Released> {
  const call = { id: 'c', name: 'fire_weapon', arguments: '{"at":"the old pier","n":2}' };
  upstream.answer(says(speak('openai-chat', { calls: [call], finish: 'tool_calls' })));
  const opened = nextHold(proviso.gateway);
  await post(proviso, pathOf('openai-chat'), bodyOf('openai-chat', 'Do it.'));
  const { id } = await opened;
  for (const person of people) await person.approve(id);
  const answer = await fetch(`${proviso.address}/proviso/holds/${id}`, {
    headers: { authorization: `Bearer ${proviso.key}` },
  });
  return (await answer.json()) as Released;
}

async function act(body: unknown, { tool = 'fire_weapon', executor = 0 } = {}) {
  const server = servers[executor];
  assert.ok(server);
  const { port } = server.address() as AddressInfo;
  const answer = await fetch(`http://127.0.0.1:${port}/tools/${tool}`, {
    method: 'POST',
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  const { error, result } = (await answer.json()) as { error?: { code: string }; result?: unknown };
  return error?.code ?? result;
}

test('what people signed is done, exactly, and once', async () => {
  const { release, toolCall } = await released();
  const given: unknown = JSON.parse(toolCall.arguments);
  const body = { release, arguments: given };
  assert.equal(await act(body), 1);
  assert.deepEqual(done, [{ at: 'the old pier', n: 2 }]);
  assert.deepEqual([await act(body), await act(body, { executor: 1 })], ['used', 'used']);
  assert.equal(done.length, 1);
});

test('at two executors at once, one acts', async () => {
  const { release, toolCall } = await released();
  const body = { release, arguments: JSON.parse(toolCall.arguments) as unknown };
  done.length = 0;
  const all = await Promise.all([0, 1, 0, 1].map((executor) => act(body, { executor })));
  assert.deepEqual(
    all.toSorted((a, b) => String(a).localeCompare(String(b))),
    [1, 'used', 'used', 'used'],
  );
  assert.equal(done.length, 1);
});

test('nothing else is done, and what is refused for it uses nothing up', async () => {
  const { release, toolCall } = await released();
  const given = JSON.parse(toolCall.arguments) as object;
  done.length = 0;
  const tries: [unknown, string, string?][] = [
    [{ release, arguments: { ...given, n: 3 } }, 'wrong_arguments'],
    [{ release, arguments: { ...given, more: 1 } }, 'wrong_arguments'],
    [{ release, arguments: {} }, 'wrong_arguments'],
    [{ release, arguments: toolCall.arguments }, 'wrong_arguments'],
    [{ release }, 'not_json'],
    [{ arguments: given }, 'malformed'],
    [{ release: `${release.slice(0, -2)}AA`, arguments: given }, 'bad_signature'],
    [{ release, arguments: given, approved: true }, 'wrong_tool', 'other_weapon'],
    [{ release, arguments: given }, 'not_found', 'constructor'],
    ['{', 'bad_request'],
  ];
  const used = readdirSync(folder).length;
  for (const [body, code, tool] of tries) assert.equal(await act(body, tool ? { tool } : {}), code);
  assert.deepEqual([done.length, readdirSync(folder).length], [0, used]);
  assert.equal(await act({ release, arguments: given }), 1);
});

test('what was used is kept past its end, and then tidied away', async () => {
  const seen = seenFiles(folder);
  await seen.tidy();
  assert.ok(readdirSync(folder).length > 0);
  await seen.tidy(Date.now() + 2 * 24 * 60 * 60 * 1000);
  assert.equal(readdirSync(folder).length, 0);
  await assert.rejects(async () => seen.add('../escape', 1), TypeError);
});
