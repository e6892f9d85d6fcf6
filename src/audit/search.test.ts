import assert from 'node:assert/strict';
import {
  copyFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { parseVerifierKey } from '#base/note.ts';
import { nodeDisk } from '#ledger/disk.ts';
import { loadMasterKey } from '#ledger/keys.ts';
import { type Ledger, openLedger } from '#ledger/ledger.ts';
import { type FoundEntry, type SearchQuery, search } from './search.ts';

const root = mkdtempSync(join(tmpdir(), 'proviso-search-'));
after(() => rmSync(root, { recursive: true }));
let folders = 0;

const CALLERS = ['agent-north', 'agent-south', 'agent-west'];
const PURPOSES = ['minutes', 'berths', undefined];
const PROVIDERS = ['harbour-cloud', 'closed-network'];
const RULES = ['open-use', 'no-tracking', 'ask-first'];
const EFFECTS = ['permit', 'deny', 'hold'];
const OUTCOMES = ['answered', 'failed', 'lost'];

interface Call {
  readonly caller: string;
  readonly purpose: string | undefined;
  readonly provider: string;
  readonly rule: string;
  readonly effect: string;
  readonly outcome: string | undefined;
}

async function made(count: number) {
  const dir = join(root, String(folders++));
  let now = 1_000_000;
  const ledger = await openLedger({ dir, origin: 'example.com/log', clock: { now: () => now } });
  const calls = new Map<number, Call & { at: number }>();
  const pick = <T>(from: readonly T[], n: number): T => from[n % from.length] as T;
  const add = async (n: number): Promise<void> => {
    now += 1_000;
    const call = {
      caller: pick(CALLERS, n),
      purpose: pick(PURPOSES, n >> 1),
      provider: pick(PROVIDERS, n >> 2),
      rule: pick(RULES, n * 7),
      effect: pick(EFFECTS, n >> 1),
      outcome: n % 11 === 0 ? undefined : pick(OUTCOMES, n >> 3),
    };
    const entry = await ledger.append({
      kind: 'decision',
      public: {
        action: 'generate',
        effect: call.effect,
        ...(call.purpose === undefined ? {} : { purpose: call.purpose }),
        rules: [call.rule],
        targets: [`${call.provider}/model-large`],
      },
      private: { caller: { id: call.caller }, content: {}, facts: [] },
      vaultKey: `purpose:${call.purpose ?? 'none'}`,
    });
    calls.set(entry, { ...call, at: now });
    if (call.outcome === undefined) return;
    await ledger.append({ kind: 'outcome', closes: entry, public: { outcome: call.outcome } });
  };
  for (let n = 0; n < count; n++) await add(n);
  await ledger.flush();
  const source = {
    place: dir,
    log: parseVerifierKey(ledger.verifierKey),
    masterKey: await loadMasterKey(nodeDisk, dir),
  };
  return { dir, ledger, calls, source, add };
}

type Made = Awaited<ReturnType<typeof made>>;

/** What a search must find, by looking at every call. */
function matching({ calls }: Made, query: SearchQuery): number[] {
  const { caller, purpose, provider, rule, effect, kind, from = 0, to = Infinity } = query;
  const found = [...calls].filter(([, call]) => {
    const isAsked =
      (caller ?? call.caller) === call.caller &&
      (purpose === undefined || purpose === call.purpose) &&
      (provider ?? call.provider) === call.provider &&
      (rule ?? call.rule) === call.rule &&
      (effect === undefined || effect === call.effect || effect === call.outcome) &&
      (kind ?? 'decision') === 'decision';
    return isAsked && from <= call.at && call.at < to;
  });
  return found.map(([entry]) => entry).toReversed();
}

async function entriesOf({ source }: Made, query: SearchQuery): Promise<number[]> {
  const { entries } = await search(source, query);
  return entries.map(({ entry }) => entry);
}

const asked = (values: readonly (string | undefined)[]) =>
  fc.constantFrom(undefined, ...values, 'unheard-of');
const queries = fc
  .record({
    caller: asked(CALLERS),
    purpose: asked(PURPOSES),
    provider: asked(PROVIDERS),
    rule: asked(RULES),
    effect: asked([...EFFECTS, ...OUTCOMES]),
    kind: asked(['decision']),
    from: fc.option(fc.integer({ min: 1_000_000, max: 1_400_000 }), { nil: undefined }),
    to: fc.option(fc.integer({ min: 1_000_000, max: 1_400_000 }), { nil: undefined }),
  })
  .map((query): SearchQuery => {
    const given = Object.entries(query).filter(([, value]) => value !== undefined);
    return { ...Object.fromEntries(given), limit: 1_000 };
  });

test('a search finds what looking at every entry finds', async () => {
  const log = await made(300);
  await fc.assert(
    fc.asyncProperty(queries, async (query) => {
      assert.deepEqual(await entriesOf(log, query), matching(log, query));
    }),
  );
  await log.ledger.close();
});

test('a search sees what was published since, and goes on page by page', async () => {
  const log = await made(20);
  const query = { caller: 'agent-north', limit: 4 };
  await search(log.source, query);
  for (let n = 20; n < 60; n++) await log.add(n);
  await log.ledger.flush();
  const pages: number[] = [];
  for (let before: number | undefined; ; before = pages.at(-1)) {
    const { entries, hasMore } = await search(log.source, {
      ...query,
      ...(before !== undefined && { before }),
    });
    pages.push(...entries.map(({ entry }) => entry));
    if (!hasMore) break;
  }
  assert.deepEqual(pages, matching(log, query));
  const [first] = (await search(log.source, query)).entries as readonly FoundEntry[];
  assert.equal(first?.caller, 'agent-north');
  assert.equal(first?.outcome?.public['outcome'], log.calls.get(first?.entry ?? -1)?.outcome);
  await log.ledger.close();
});

test('INVARIANT (13): an index that is damaged, of another log, or lies is built anew', async () => {
  const log = await made(60);
  const other = await made(90);
  const query = { effect: 'deny', limit: 100 };
  const right = matching(log, query);
  await search(other.source, query);
  await other.ledger.close();
  const path = join(log.dir, 'search.sqlite');
  const damages: Readonly<Record<string, () => void>> = {
    deleted: () => rmSync(path),
    'not a database': () => writeFileSync(path, 'nothing of the kind'),
    'cut off': () => writeFileSync(path, readFileSync(path).subarray(0, 9_000)),
    'of another log': () => copyFileSync(join(other.dir, 'search.sqlite'), path),
    'of another form': () => change(path, 'UPDATE log SET version = version + 1'),
    'ahead of the log': () => change(path, 'UPDATE log SET size = size + 1'),
    'of a fork': () => change(path, `UPDATE log SET root = '${'A'.repeat(43)}='`),
    'names entries that do not match': () =>
      change(path, "UPDATE word SET text = 'effect:x' WHERE text = 'effect:deny'") ??
      change(path, "UPDATE word SET text = 'effect:deny' WHERE text = 'effect:permit'"),
    'names another outcome': () => change(path, 'UPDATE closed SET outcome = decision'),
    'names an outcome past the end': () => change(path, 'UPDATE closed SET outcome = 1000000'),
  };
  for (const [what, damage] of Object.entries(damages)) {
    assert.deepEqual(await entriesOf(log, query), right);
    damage();
    assert.deepEqual(await entriesOf(log, query), right, what);
  }
  await log.ledger.close();
});

function change(path: string, statement: string): undefined {
  const database = new DatabaseSync(path);
  database.exec(statement);
  database.close();
}

test('an entry that is not the one in the log is not shown', async () => {
  const log = await made(40);
  const query = { effect: 'deny', limit: 100 };
  await search(log.source, query);
  await log.ledger.close();
  const folder = join(log.dir, 'tile/entries/000.p');
  for (const name of readdirSync(folder)) {
    const text = readFileSync(join(folder, name), 'latin1');
    writeFileSync(join(folder, name), text.replaceAll('open-use', 'open-abu'), 'latin1');
  }
  await assert.rejects(search(log.source, query), { code: 'ledger_corrupt' });
});

test('INVARIANT (9): the index names no caller, and what was erased is not found', async () => {
  const log = await made(60);
  const query = { caller: 'agent-south', limit: 100 };
  const all = await entriesOf(log, query);
  const isOfMinutes = (entry: number) => log.calls.get(entry)?.purpose === 'minutes';
  assert.ok(all.some(isOfMinutes));
  await log.ledger.erase('purpose:minutes');
  const left = all.filter((entry) => !isOfMinutes(entry));
  assert.deepEqual(await entriesOf(log, query), left);
  rmSync(join(log.dir, 'search.sqlite'));
  assert.deepEqual(await entriesOf(log, query), left);
  await log.ledger.close();
  for (const name of readdirSync(log.dir).filter((file) => file.startsWith('search.'))) {
    assert.ok(!readFileSync(join(log.dir, name), 'latin1').includes('agent-'), name);
  }
});

test('without a vault all is found but callers', async () => {
  const log = await made(30);
  const { masterKey: _masterKey, ...source } = log.source;
  const query = { effect: 'deny', limit: 100 };
  const { entries } = await search(source, query);
  assert.deepEqual(
    entries.map(({ entry }) => entry),
    matching(log, query),
  );
  assert.ok(entries.every((found) => 'at' in found && found.caller === undefined));
  await assert.rejects(search(source, { caller: 'agent-north', limit: 1 }), {
    code: 'vault_unreadable',
  });
  const withVault = await entriesOf(log, { caller: 'agent-north', limit: 100 });
  assert.deepEqual(withVault, matching(log, { caller: 'agent-north', limit: 100 }));
  await log.ledger.close();
});

test('searches at once, and one whose index is deleted under it, are right', async () => {
  const log = await made(200);
  const path = join(log.dir, 'search.sqlite');
  await Promise.all(
    CALLERS.flatMap((caller) => [caller, caller]).map(async (caller, i) => {
      const query = { caller, limit: 1_000 };
      if (i === 3) rmSync(path, { force: true });
      assert.deepEqual(await entriesOf(log, query), matching(log, query));
    }),
  );
  await log.ledger.close();
});

test('what one ledger holds is not searched with the key of another', async () => {
  const [log, other]: [Made, { ledger: Ledger; source: Made['source'] }] = [
    await made(10),
    await made(10),
  ];
  await log.ledger.close();
  await other.ledger.close();
  const source = { ...log.source, log: other.source.log };
  await assert.rejects(search(source, { limit: 1 }), { code: 'note_invalid' });
});
