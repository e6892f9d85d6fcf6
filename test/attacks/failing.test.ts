/** INVARIANT (5): an error, a time-out or a missing fact before a permit is a denial. */
import assert from 'node:assert/strict';
import { appendFileSync, cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ProvisoError } from '#base/errors.ts';
import { revokeCallerKey } from '#gateway/changes.ts';
import { verifyLedger } from '#ledger/verify.ts';
import type { Detector, Passage } from '#signals/detector.ts';
import { loadPack } from '#terms/pack.ts';
import { compileTerms } from '#terms/terms.ts';
import { arena } from '../harness/attack.ts';
import { openGateway, outcomeOf, providersAt, toolDecisions } from '../harness/gateway.ts';
import { bodyOf, codeOf, pathOf, post, streamedBody } from '../harness/raw.ts';
import { speak } from '../harness/said/speak.ts';
import { says } from '../harness/upstream.ts';

const attack = arena();
const CHAT = pathOf('openai-chat');
const BODY = bodyOf('openai-chat', 'Which berths are free?');
const LOOK = { id: 'call_1', name: 'find_berth', arguments: '{"at":"the-old-pier"}' };

/** A detector beside the others, for one test. */
async function withDetector(
  detect: Detector['detect'],
  run: () => Promise<void>,
  timeLimitMs = 30,
): Promise<void> {
  const { gateway } = attack.proviso;
  const usual = gateway.detectors;
  gateway.detectors = [...usual, { name: 'failing', version: '1', timeLimitMs, detect }];
  try {
    await run();
  } finally {
    gateway.detectors = usual;
  }
}

function busyFor(ms: number): void {
  for (const until = performance.now() + ms; performance.now() < until; );
}

const FAILING: Readonly<Record<string, Detector['detect']>> = {
  throws: () => {
    throw new Error('out of order');
  },
  rejects: () => Promise.reject(new Error('out of order')),
  'never answers': () => new Promise(() => undefined),
  'is too slow without a wait': () => {
    busyFor(60);
    return { findings: [] };
  },
};

for (const [what, detect] of Object.entries(FAILING)) {
  test(`a detector that ${what} denies the call, and the record names it`, async () => {
    await withDetector(detect, async () => {
      const from = await attack.proviso.settled();
      const { text } = await attack.refuses(CHAT, BODY, 'fact_missing');
      assert.match(text, /failing/);
      const entries = await attack.proviso.entries(from);
      assert.equal(entries[0]?.public['effect'], 'deny');
      assert.equal(outcomeOf(entries, from)['outcome'], 'denied');
    });
  });

  test(`a detector that ${what} on a tool call withholds the tool call`, async () => {
    const isCall = (passages: readonly Passage[]) =>
      passages.some((passage) => passage.text.includes('the-old-pier'));
    const onCalls: Detector['detect'] = (passages, untilMs) =>
      isCall(passages) ? detect(passages, untilMs) : { findings: [] };
    await withDetector(onCalls, async () => {
      for (const streams of [false, true]) {
        const said = { text: 'So.', calls: [LOOK], finish: 'tool_calls' } as const;
        attack.upstream.answer(says(speak('openai-chat', said)));
        const from = await attack.proviso.settled();
        const body = (streams ? streamedBody : bodyOf)('openai-chat', 'Do it.');
        const { text } = await post(attack.proviso, CHAT, body);
        assert.doesNotMatch(text, /the-old-pier/);
        assert.match(text, /withheld/);
        const [decision] = toolDecisions(await attack.proviso.entries(from), from);
        assert.deepEqual([decision?.effect, decision?.code], ['deny', 'fact_missing']);
      }
    });
  });
}

const PACK = fileURLToPath(new URL('../../examples/terms/restricted-use', import.meta.url));

/** The example terms with one more rule, which overflows where two persons or more are named. */
const OVERFLOWING = `
@id("overflowing")
@clause("open-use")
forbid(principal, action, resource)
when { context.persons * 9223372036854775807 < 0 };
`;

test('a forbid that cannot be evaluated denies, though Cedar would skip it', async (t) => {
  const terms = mkdtempSync(join(tmpdir(), 'proviso-terms-'));
  t.after(() => rmSync(terms, { recursive: true }));
  cpSync(PACK, terms, { recursive: true });
  appendFileSync(join(terms, 'rules/open-use.cedar'), OVERFLOWING);
  const config = { providers: providersAt(attack.upstream) };
  await assert.rejects(openGateway({ config: { ...config, terms } }), {
    code: 'terms_test_failed',
  });
  // Put in force past every check, as where one of them were wrong.
  const proviso = await openGateway({ config });
  t.after(() => proviso.close());
  proviso.gateway.terms = compileTerms(loadPack(terms));
  assert.equal((await post(proviso, CHAT, BODY)).status, 200);
  attack.upstream.take();
  const two = bodyOf('openai-chat', 'Write to a@example.org and b@example.org.');
  const answer = await post(proviso, CHAT, two);
  assert.deepEqual([answer.status, codeOf(answer)], [403, 'terms_error']);
  assert.match(answer.text, /Could not be evaluated: `[a-z-]+`/);
  assert.deepEqual(attack.upstream.take(), []);
});

test('what ended stays ended where the clock is set back, and the record’s time does not run back', async (t) => {
  let now = Date.now();
  const proviso = await openGateway({
    config: {
      providers: providersAt(attack.upstream),
      purposes: {
        short: {
          title: 'Short',
          owner: 'harbour master',
          authority: 'by-law 12',
          callers: ['*'],
          endsAt: new Date(now + 60_000).toISOString(),
        },
      },
    },
    clock: { now: () => now },
  });
  t.after(() => proviso.close());
  const { key } = await proviso.newKey({ id: 'guest', expiresAt: now + 60_000 });
  const guest = { authorization: `Bearer ${key}` };
  const short = { 'proviso-purpose': 'short' };
  const codes = async () => [
    codeOf(await post(proviso, CHAT, BODY, guest)),
    codeOf(await post(proviso, CHAT, BODY, short)),
  ];
  assert.deepEqual(await codes(), [null, null]);
  now += 120_000;
  assert.deepEqual(await codes(), ['caller_expired', 'purpose_ended']);
  now -= 3_600_000;
  assert.deepEqual(await codes(), ['caller_expired', 'purpose_ended']);
  assert.equal((await post(proviso, CHAT, BODY)).status, 200);
  const entries = await proviso.entries();
  for (const [i, entry] of entries.entries()) assert.ok(entry.at >= (entries[i - 1]?.at ?? 0));
  const { dir } = proviso.gateway.config.ledger;
  const report = await verifyLedger(dir, proviso.gateway.ledger.verifierKey);
  assert.deepEqual(report.faults, []);
});

test('a revoked key stays revoked, and an ended purpose ended, after a start from the ledger', async (t) => {
  const first = await openGateway({ config: { providers: providersAt(attack.upstream) } });
  const { id, key } = await first.newKey({ id: 'leaver' });
  await revokeCallerKey(first.gateway, id);
  const { config, log } = first.gateway;
  await first.server.drain();
  await first.gateway.close();
  const { Gateway } = await import('#gateway/gateway.ts');
  const { startServer } = await import('#gateway/server.ts');
  const gateway = await Gateway.open(config, { log });
  const server = await startServer(gateway, config.listen);
  t.after(async () => {
    await server.drain();
    await gateway.close();
    rmSync(first.dir, { recursive: true });
  });
  const again = { ...first, address: server.address };
  const authorization = `Bearer ${key}`;
  assert.equal(codeOf(await post(again, CHAT, BODY, { authorization })), 'caller_revoked');
  assert.equal((await post(again, CHAT, BODY)).status, 200);
});

test('a decision that cannot be written is no decision: the call is not carried', async (t) => {
  const proviso = await openGateway({ config: { providers: providersAt(attack.upstream) } });
  t.after(() => proviso.close());
  const { ledger } = proviso.gateway;
  const append = ledger.append.bind(ledger);
  t.mock.method(ledger, 'append', (entry: Parameters<typeof append>[0]) =>
    entry.kind === 'decision'
      ? Promise.reject(new ProvisoError('ledger_unavailable', 'The disk is full.'))
      : append(entry),
  );
  for (const streams of [false, true]) {
    const body = (streams ? streamedBody : bodyOf)('openai-chat', 'Which?');
    const answer = await post(proviso, CHAT, body);
    assert.deepEqual([answer.status, codeOf(answer)], [503, 'ledger_unavailable']);
  }
  assert.deepEqual(attack.upstream.take(), []);
});

test('a tool call whose decision cannot be written is not delivered', async (t) => {
  const proviso = await openGateway({ config: { providers: providersAt(attack.upstream) } });
  t.after(() => proviso.close());
  const { ledger } = proviso.gateway;
  const append = ledger.append.bind(ledger);
  t.mock.method(ledger, 'append', (entry: Parameters<typeof append>[0]) =>
    entry.public['action'] === 'call_tool'
      ? Promise.reject(new ProvisoError('ledger_unavailable', 'The disk is full.'))
      : append(entry),
  );
  const said = { text: 'So.', calls: [LOOK], afterwards: 'And.', finish: 'tool_calls' } as const;
  attack.upstream.answer(says(speak('openai-chat', said)));
  for (const streams of [false, true]) {
    const from = await proviso.settled();
    const body = (streams ? streamedBody : bodyOf)('openai-chat', 'Do it.');
    const answer = await post(proviso, CHAT, body);
    assert.doesNotMatch(answer.text, /the-old-pier/);
    assert.match(answer.text, streams ? /could not be decided/ : /ledger_unavailable/);
    assert.equal(outcomeOf(await proviso.entries(from), from)['outcome'], 'failed');
  }
});
