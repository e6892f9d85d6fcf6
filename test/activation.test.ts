/**
 * Terms come into force when they are proven and signed, between two calls, and are then those that
 * the ledger says. INVARIANTS (7) and (13), of terms.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { ProvisoError } from '#base/errors.ts';
import { activationEntry, parseActivation } from '#gateway/activation.ts';
import { ORIGIN_UNLESS_CONFIGURED } from '#gateway/gateway.ts';
import { proveAgain } from '#gateway/prove-again.ts';
import { openLedger } from '#ledger/ledger.ts';
import type { Detector } from '#signals/detector.ts';
import { startPackProver } from '#terms/prove/pack-prover.ts';
import { loadStoredPack, storedPackDir, storePack } from '#terms/store.ts';
import {
  type GatewayOptions,
  openGateway,
  providersAt,
  type ReadEntry,
  type TestGateway,
} from './harness/gateway.ts';
import { draft, type Files, packFolder, packOf, redLine, submission } from './harness/packs.ts';
import { prover } from './harness/prover.ts';
import { bodyOf, codeOf, pathOf, post, streamedBody, toolsOf } from './harness/raw.ts';
import { speak } from './harness/said/speak.ts';
import { says, startUpstream, type Upstream } from './harness/upstream.ts';

const CHAT = pathOf('openai-chat');
const BODY = bodyOf('openai-chat', 'Which berths are free?');
const FIRST = draft();
const SECOND = draft({ title: 'Second terms' });

/** The rules of the small pack, but for the one by which a streamed call needs a purpose. */
const NO_PURPOSE_ASKED = `@id("no-persons") @clause("forbidden")
forbid(principal, action, resource) when { context.persons > 0 };
@id("ask-first") @clause("forbidden") @hold("lead")
forbid(principal, action == Action::"callTool", resource in ToolClass::"force")
unless { context.approvals.contains("lead") };
`;

let upstream: Upstream;
before(async () => {
  upstream = await startUpstream();
  upstream.answer(says(speak('openai-chat', { text: 'Berth 4.' })));
});
after(() => upstream.close());

/** A gateway whose ledger these files found; closed after the test. */
async function founded(
  t: TestContext,
  files: Files,
  options: GatewayOptions & { readonly notes?: readonly string[] } = {},
): Promise<TestGateway> {
  const { notes, config, ...rest } = options;
  const terms = packFolder(t, files, notes);
  const proviso = await openGateway({
    ...rest,
    config: { providers: providersAt(upstream), terms, ...config },
  });
  t.after(() => proviso.close());
  return proviso;
}

function dataFolder(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'proviso-data-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

async function refusal(work: Promise<unknown>): Promise<ProvisoError> {
  const thrown = await work.then(
    () => assert.fail('was not refused'),
    (error: unknown) => error,
  );
  assert.ok(thrown instanceof ProvisoError, String(thrown));
  return thrown;
}

const hashOf = (files: Files): string => packOf(files).hash;
const inForce = ({ gateway }: TestGateway): string => gateway.terms.pack.hash;
const activate = ({ gateway }: TestGateway, ...submitted: Parameters<typeof submission>) =>
  gateway.activations.activate(submission(...submitted));

/** Each decision with the hash of the last terms before it in the ledger. */
function decisionsOf(entries: readonly ReadEntry[]) {
  let last: unknown;
  return entries.flatMap(({ kind, public: facts }) => {
    if (kind === 'terms') last = facts['hash'];
    return kind === 'decision' ? [{ terms: facts['terms'], last }] : [];
  });
}

test('INVARIANT (7): no ledger is founded on terms that break their red line', async (t) => {
  const dataDir = dataFolder(t);
  const broken = draft({
    files: {
      'rules/forbidden.cedar': NO_PURPOSE_ASKED.replace('persons > 0', 'persons > 20'),
    },
  });
  const error = await refusal(founded(t, broken, { config: { dataDir } }));
  assert.equal(error.code, 'terms_unproven');
  assert.match(error.message, /red \(clause forbidden\): The terms permit what the red line/);
  assert.match(error.message, /for example: .*context\.persons = 11/);
  assert.equal(existsSync(storedPackDir(dataDir, hashOf(broken))), false);
  // The folder is mended, and founds the same ledger.
  const proviso = await founded(t, FIRST, { config: { dataDir } });
  assert.equal(inForce(proviso), hashOf(FIRST));
  assert.deepEqual(
    (await proviso.entries()).map(({ kind }) => kind),
    ['terms', 'start', 'key'],
  );
});

test('the entry says all that is needed to prove it again, and it is proven again', async (t) => {
  const proviso = await founded(t, FIRST);
  await activate(proviso, SECOND);
  const entries = (await proviso.entries()).filter(({ kind }) => kind === 'terms');
  const [first, second] = entries.map(parseActivation);
  assert.ok(first && second);
  assert.deepEqual([first.against, first.hash], [undefined, hashOf(FIRST)]);
  assert.deepEqual([second.against, second.hash], [first.hash, hashOf(SECOND)]);
  assert.match(second.proof.solver, /^z3-solver \d/);
  const load = (hash: string) => loadStoredPack(proviso.dir, hash);
  const again = await proveAgain(second, load(second.hash), load(first.hash), prover, () => {});
  for (const { what, recorded, found } of again.comparisons) assert.equal(found, recorded, what);
  const changed = { ...second, inputs: { ...second.inputs, policies: first.inputs.text } };
  const other = await proveAgain(changed, load(first.hash), load(first.hash), prover, () => {});
  assert.deepEqual(
    other.comparisons.filter(({ found, recorded }) => found !== recorded).map(({ what }) => what),
    ['terms.yaml', 'policies', 'what was proven'],
  );
});

test('INVARIANT (13): a start takes the terms of the ledger, whatever the folder says', async (t) => {
  const dataDir = dataFolder(t);
  const config = { dataDir };
  const first = await openGateway({
    config: { providers: providersAt(upstream), terms: packFolder(t, FIRST), dataDir },
  });
  await activate(first, SECOND);
  await first.close();
  const again = await founded(t, FIRST, { config });
  assert.equal(inForce(again), hashOf(SECOND));
  assert.equal((await again.gateway.activations.history()).length, 2);
  await again.gateway.reload(again.gateway.config);
  assert.equal(inForce(again), hashOf(SECOND));
  // What is in force already is left as it is.
  await activate(again, SECOND);
  assert.equal((await again.gateway.activations.history()).length, 2);
});

test('a stored pack that was changed or is gone stops the start', async (t) => {
  const dataDir = dataFolder(t);
  const config = { dataDir };
  const first = await openGateway({
    config: { providers: providersAt(upstream), terms: packFolder(t, FIRST), dataDir },
  });
  await first.close();
  const dir = storedPackDir(dataDir, hashOf(FIRST));
  const open = `@id("open") @clause("open")\npermit(principal, action, resource);\n`;
  writeFileSync(join(dir, 'rules/forbidden.cedar'), open.replaceAll('open', 'opener'));
  assert.equal((await refusal(founded(t, FIRST, { config }))).code, 'terms_corrupt');
  rmSync(dir, { recursive: true });
  assert.equal((await refusal(founded(t, FIRST, { config }))).code, 'terms_corrupt');
});

test('between two calls: none is dropped, and each is decided by the terms of the entry before it', async (t) => {
  const streamable = { 'rules/forbidden.cedar': NO_PURPOSE_ASKED };
  const packs = ['First', 'Second'].map((title) => draft({ title, files: streamable }));
  const [first = FIRST, second = SECOND] = packs;
  const proviso = await founded(t, first);
  const answers: number[] = [];
  const tools = toolsOf('openai-chat', 'find_berth');
  upstream.answer(async (response, request) => {
    await new Promise((resolve) => setTimeout(resolve, 20));
    const call = { id: 'call_1', name: 'find_berth', arguments: '{"at":"pier"}' };
    await says(speak('openai-chat', { text: 'One moment.', calls: [call] }))(response, request);
  });
  let hasEnded = false;
  const load = Array.from({ length: 6 }, async (_, i) => {
    const body = (i % 2 === 0 ? bodyOf : streamedBody)('openai-chat', 'Which?', tools);
    while (!hasEnded) {
      const { status, text } = await post(proviso, CHAT, body);
      assert.ok(text.includes('find_berth'), text);
      answers.push(status);
    }
  });
  const activated = (async () => {
    for (const files of [second, first, second]) {
      const before = answers.length;
      await activate(proviso, files);
      while (answers.length < before + 20) await new Promise((resolve) => setTimeout(resolve, 5));
    }
  })();
  await Promise.race([activated, Promise.all(load)]).finally(() => {
    hasEnded = true;
  });
  await Promise.all(load);
  upstream.answer(says(speak('openai-chat', { text: 'Berth 4.' })));
  assert.ok(answers.length >= 60);
  assert.deepEqual([...new Set(answers)], [200]);
  const decisions = decisionsOf(await proviso.entries());
  assert.ok(decisions.length >= 2 * answers.length, 'each call, and each tool call');
  for (const { terms, last } of decisions) assert.equal(terms, last);
  assert.equal(new Set(decisions.map(({ terms }) => terms)).size, 2);
});

const LIGHTHOUSE = bodyOf('openai-chat', 'Where does the old lighthouse stand?');

/** They forbid what the first ones do not even look for. */
const LOOKING = draft({
  phrases: ['open fire', 'old lighthouse'],
  files: {
    'rules/forbidden.cedar': `${NO_PURPOSE_ASKED}
@id("no-topic") @clause("forbidden")
forbid(principal, action in Action::"call", resource) when { context.topics.contains("force") };`,
  },
});

test('what new terms ask about is looked for from their first call on', async (t) => {
  const proviso = await founded(t, FIRST);
  assert.equal((await post(proviso, CHAT, LIGHTHOUSE)).status, 200);
  await activate(proviso, LOOKING);
  assert.equal(codeOf(await post(proviso, CHAT, LIGHTHOUSE)), 'terms_denied');
});

test('what is being looked into when terms change is looked into again, under the new ones', async (t) => {
  const proviso = await founded(t, FIRST);
  const { gateway } = proviso;
  /** The call, or the tool call in its answer, waits in a detector until `change` is done. */
  const duringDetection = async (
    when: 'call' | 'tool call',
    body: typeof BODY,
    change: () => Promise<unknown>,
  ) => {
    const reached = Promise.withResolvers<void>();
    const changed = Promise.withResolvers<void>();
    const slow: Detector = {
      name: 'slow',
      version: '1',
      timeLimitMs: 30_000,
      async detect(passages) {
        if (passages.some(({ tool }) => tool !== undefined) === (when === 'tool call')) {
          reached.resolve();
          await changed.promise;
        }
        return { findings: [] };
      },
    };
    gateway.detectors = [...gateway.detectors, slow];
    const answered = post(proviso, CHAT, body);
    await reached.promise;
    await change();
    changed.resolve();
    return answered;
  };
  const denied = await duringDetection('call', LIGHTHOUSE, () => activate(proviso, LOOKING));
  assert.equal(codeOf(denied), 'terms_denied');
  const call = { id: 'call_1', name: 'find_berth', arguments: '{"at":"pier"}' };
  upstream.answer(says(speak('openai-chat', { calls: [call] })));
  const { status } = await duringDetection('tool call', BODY, () => activate(proviso, SECOND));
  assert.equal(status, 200);
  upstream.answer(says(speak('openai-chat', { text: 'Berth 4.' })));
  const decisions = decisionsOf(await proviso.entries());
  assert.deepEqual(
    decisions.map(({ terms }) => terms),
    [hashOf(LOOKING), hashOf(LOOKING), hashOf(SECOND)],
  );
  for (const { terms, last } of decisions) assert.equal(terms, last);
});

test('activations that race are done in turn, each against the one in force then', async (t) => {
  const proviso = await founded(t, FIRST);
  const stricter = draft({ title: 'Stricter', files: { 'redlines.cedar': redLine(5) } });
  const [a, b, c] = await Promise.allSettled([
    activate(proviso, stricter),
    activate(proviso, SECOND),
    activate(proviso, draft({ title: 'Third', files: { 'redlines.cedar': redLine(5) } })),
  ]);
  assert.deepEqual([a.status, b.status, c.status], ['fulfilled', 'rejected', 'fulfilled']);
  // The second kept the first’s red line, and not that of the one that came between.
  assert.equal((b as PromiseRejectedResult).reason.code, 'terms_unproven');
  const history = await proviso.gateway.activations.history();
  for (const [i, { against }] of history.entries()) assert.equal(against, history[i - 1]?.hash);
  assert.equal(history.length, 3);
});

test('an older version comes back only where it is proven against the one in force', async (t) => {
  const proviso = await founded(t, FIRST);
  const stricter = draft({ title: 'Stricter', files: { 'redlines.cedar': redLine(5) } });
  await activate(proviso, SECOND);
  const back = await activate(proviso, FIRST);
  assert.equal(back.activation.against, hashOf(SECOND));
  await activate(proviso, stricter);
  assert.equal((await refusal(activate(proviso, FIRST))).code, 'terms_unproven');
  assert.equal(inForce(proviso), hashOf(stricter));
});

test('what the solver could not decide is not in force: slow, ended, or the gateway stops', async (t) => {
  const proviso = await founded(t, FIRST);
  const { ledger, clock } = proviso.gateway;
  const { Activations } = await import('#gateway/activations.ts');
  const limits = { processes: 1, questionMsMax: 10_000, wholeMsMax: 60_000 };
  const withLimits = (changed: Partial<typeof limits>) =>
    new Activations({
      ledger,
      clock,
      dataDir: proviso.dir,
      prover: startPackProver({ ...limits, ...changed }),
    });
  const slow = withLimits({ wholeMsMax: 1 });
  assert.equal((await refusal(slow.activate(submission(SECOND)))).code, 'terms_undecided');
  const stopped = withLimits({});
  const underWay = refusal(stopped.activate(submission(SECOND)));
  setTimeout(() => void stopped.close(), 50);
  assert.equal((await underWay).code, 'terms_undecided');
  assert.equal((await proviso.gateway.activations.history()).length, 1);
  assert.equal(existsSync(storedPackDir(proviso.dir, hashOf(SECOND))), false);
});

test('an entry that is not written changes nothing', async (t) => {
  const proviso = await founded(t, FIRST);
  const { ledger } = proviso.gateway;
  const append = ledger.append.bind(ledger);
  const mock = t.mock.method(ledger, 'append', (entry: Parameters<typeof append>[0]) =>
    entry.kind === 'terms'
      ? Promise.reject(new ProvisoError('ledger_unavailable', 'The disk is full.'))
      : append(entry),
  );
  assert.equal((await refusal(activate(proviso, SECOND))).code, 'ledger_unavailable');
  assert.equal(inForce(proviso), hashOf(FIRST));
  assert.equal((await post(proviso, CHAT, BODY)).status, 200);
  mock.mock.restore();
  await activate(proviso, SECOND);
  assert.equal(inForce(proviso), hashOf(SECOND));
});

test('an activation that the ledger holds counts, also where its write was thought to have failed', async (t) => {
  const proviso = await founded(t, FIRST);
  const { gateway, dir } = proviso;
  const { activation } = gateway.activations.current;
  await storePack(dir, packOf(SECOND));
  const { entry: _entry, at: _at, ...facts } = activation;
  await gateway.ledger.append(activationEntry({ ...facts, hash: hashOf(SECOND) }));
  assert.equal(inForce(proviso), hashOf(FIRST));
  await gateway.activations.reread();
  assert.equal(inForce(proviso), hashOf(SECOND));
});

test('terms that were proven with another base schema are proven again at the start', async (t) => {
  const dataDir = dataFolder(t);
  const config = { providers: providersAt(upstream), terms: packFolder(t, FIRST), dataDir };
  const first = await openGateway({ config });
  const { entry: _entry, at: _at, ...facts } = first.gateway.activations.current.activation;
  const inputs = { ...facts.inputs, schema: '0'.repeat(64) };
  await first.gateway.ledger.append(activationEntry({ ...facts, inputs, proviso: '0.0.1' }));
  await first.close();
  for (const count of [3, 3]) {
    const again = await openGateway({ config });
    const history = await again.gateway.activations.history();
    await again.close();
    assert.equal(history.length, count);
    assert.deepEqual(history.at(-1)?.inputs, facts.inputs);
    assert.equal(history.at(-1)?.against, undefined);
  }
});

test('a ledger of the first version, whose terms were not proven, is founded again', async (t) => {
  const dataDir = dataFolder(t);
  const ledger = await openLedger({
    dir: join(dataDir, 'ledger'),
    origin: ORIGIN_UNLESS_CONFIGURED,
  });
  await ledger.append({ kind: 'terms', public: { hash: '00', id: 'small', version: '1.0.0' } });
  await ledger.close();
  const proviso = await founded(t, FIRST, { config: { dataDir } });
  assert.equal(inForce(proviso), hashOf(FIRST));
  assert.equal((await proviso.gateway.activations.history()).length, 1);
});

test('a test of the pack that fails, a file that is wrong, a version that it does not replace', async (t) => {
  const proviso = await founded(t, FIRST);
  const failing = draft({
    files: { 'tests/all.yaml': '- { name: closed, call: {}, expect: deny }\n' },
  });
  assert.equal((await refusal(activate(proviso, failing))).code, 'terms_test_failed');
  const outside = new Map([...FIRST, ['../outside.cedar', Buffer.from('')]]);
  assert.equal((await refusal(activate(proviso, outside))).code, 'terms_invalid');
  const text = Buffer.from(SECOND.get('terms.yaml') ?? '').toString();
  const replacing = (hash: string) =>
    draft({ files: { 'terms.yaml': `${text}replaces: ${hash}\n` } });
  assert.equal(
    (await refusal(activate(proviso, replacing(hashOf(SECOND))))).code,
    'terms_unproven',
  );
  await activate(proviso, replacing(hashOf(FIRST)));
});

test('terms begin and end on their dates, to the millisecond, and an end stays one', async (t) => {
  let now = Date.now();
  const iso = (ms: number): string => new Date(ms).toISOString();
  const until = now + 60_000;
  const dated = draft({ effective: { from: iso(now - 1_000), until: iso(until) } });
  const proviso = await founded(t, dated, { clock: { now: () => now } });
  const code = async () => codeOf(await post(proviso, CHAT, BODY));
  assert.equal(await code(), null);
  const later = draft({ title: 'Later', effective: { from: iso(until) } });
  assert.equal((await refusal(activate(proviso, later))).code, 'terms_not_in_force');
  now = until - 1;
  assert.equal(await code(), null);
  now = until;
  assert.equal(await code(), 'terms_not_in_force');
  now = until - 30_000;
  assert.equal(await code(), 'terms_not_in_force');
  await activate(proviso, later);
  assert.equal(await code(), null);
});

test('a start behind the ledger’s clock is refused, so that ended terms do not come back', async (t) => {
  const dataDir = dataFolder(t);
  const open = (now: number) =>
    openGateway({
      clock: { now: () => now },
      config: { providers: providersAt(upstream), terms: packFolder(t, FIRST), dataDir },
    });
  const now = Date.now();
  await (await open(now)).close();
  assert.equal((await refusal(open(now - 3_600_000))).code, 'clock_ran_back');
});
