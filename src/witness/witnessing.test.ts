import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { LEDGER_LIMITS } from '#base/limits.ts';
import { signatureLine } from '#base/note.ts';
import { parseCheckpoint } from '#ledger/checkpoint.ts';
import { makeCosignerKey, parseCosignerKey, signerAt } from '#ledger/cosignature.ts';
import { type Disk, nodeDisk } from '#ledger/disk.ts';
import type { NewEntry } from '#ledger/entry.ts';
import { type Ledger, openLedger } from '#ledger/ledger.ts';
import { openWitnessed, parsePolicy } from '#ledger/policy.ts';
import { WITNESSED_FILE } from '#ledger/public-files.ts';
import { parseAddCheckpoint } from './add-checkpoint.ts';
import { serveWitness, type WitnessServer } from './server.ts';
import { verifySplitView } from './split-view.ts';
import { Witnessing, type WitnessingOptions } from './witnessing.ts';

const root = mkdtempSync(join(tmpdir(), 'proviso-witnessing-'));
const ending: (() => Promise<void>)[] = [];
after(async () => {
  for (const end of ending.reverse()) await end();
  rmSync(root, { recursive: true });
});
let folders = 0;
const newFolder = (): string => join(root, String(folders++));

const origin = 'example.com/log';
const limits = { ...LEDGER_LIMITS, publishMs: 10 };
const decision: NewEntry = { kind: 'decision', public: { effect: 'permit' } };

async function startLedger(dir = newFolder(), disk: Disk = nodeDisk): Promise<Ledger> {
  const ledger = await openLedger({ dir, origin, limits, disk });
  ending.push(() => ledger.close());
  return ledger;
}

async function startWitness(
  ledger: Ledger,
  name: string,
  dir = newFolder(),
  port = 0,
): Promise<WitnessServer> {
  const server = await serveWitness(
    {
      name: `witness.example.org/${name}`,
      dir,
      listen: { host: '127.0.0.1', port },
      logs: [ledger.verifierKey],
      signatures: ['ed25519'],
      requestsPerMinuteMax: 100_000,
    },
    pino({ level: 'silent' }),
  );
  ending.push(() => server.close());
  return server;
}

/** A witness that answers as it is told to. */
async function fakeWitness(
  handle: (request: IncomingMessage, response: ServerResponse, body: Buffer) => void,
) {
  const server = createServer((request, response) => {
    void buffer(request).then((body) => handle(request, response, body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ending.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

async function startWitnessing(
  ledger: Ledger,
  policy: string,
  changes: Partial<WitnessingOptions> = {},
): Promise<{ witnessing: Witnessing; logs: string[] }> {
  const logs: string[] = [];
  const logger = pino({ level: 'trace' }, { write: (line: string) => void logs.push(line) });
  const witnessing = await Witnessing.open({
    dir: ledger.dir,
    log: ledger.verifiers[0],
    policy: parsePolicy(policy),
    newest: () => ledger.checkpoint,
    askMs: 20,
    answerWaitMsMax: 300,
    whenAway: 'go-on',
    awayMsMax: 60_000,
    clock: { now: Date.now },
    logger,
    onRefusal: (refusal) => ledger.refuseDecisions(refusal),
    ...changes,
  });
  witnessing.start();
  ending.push(() => witnessing.close());
  return { witnessing, logs };
}

async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  for (const endsAt = Date.now() + 10_000; !(await condition()); await sleep(5)) {
    if (Date.now() > endsAt) throw new Error(`did not come to be: ${what}`);
  }
}

const line = (name: string, { verifierKeys, address }: WitnessServer): string =>
  `witness ${name} ${verifierKeys[0]} ${address}\n`;

test('what is published is cosigned by all, again and again, and goes on after a restart', async () => {
  const dir = newFolder();
  const ledger = await openLedger({ dir, origin, limits });
  const [a, b] = [await startWitness(ledger, 'a'), await startWitness(ledger, 'b')];
  const text = `${line('A', a)}${line('B', b)}group both all A B\nquorum both\n`;
  const open = () =>
    openWitnessed(readFileSync(join(dir, WITNESSED_FILE)), ledger.verifiers[0], parsePolicy(text));
  const { witnessing } = await startWitnessing(ledger, text);
  for (let size = 1; size <= 600; size += 150) {
    while (ledger.size < size) void (await ledger.append(decision));
    await until(`${size} entries`, () => (witnessing.published?.size ?? 0) >= size);
    const { checkpoint, witnesses, isQuorum } = open();
    assert.ok(isQuorum);
    assert.deepEqual(witnesses, ['A', 'B']);
    assert.deepEqual(checkpoint, witnessing.published);
  }
  assert.equal(witnessing.behindMs, 0);
  void ledger.append(decision);
  await ledger.flush();
  await witnessing.close();
  assert.equal(witnessing.published?.size, ledger.size, 'the last head too');
  await ledger.close();

  const again = await startLedger(dir);
  const { witnessing: next } = await startWitnessing(again, text);
  assert.deepEqual(next.published, open().checkpoint, 'known before anyone was asked');
  await again.append(decision);
  await until('the next', () => next.published?.size === again.size);
});

test('INVARIANT (8): no witness sees a head that has not passed the lock store', async () => {
  let isHeld = false;
  let synced = 0;
  const released = Promise.withResolvers<void>();
  const disk: Disk = {
    ...nodeDisk,
    async openUnsynced(path) {
      const file = await nodeDisk.openUnsynced(path);
      return {
        ...file,
        async sync() {
          if (isHeld) await released.promise;
          await file.sync();
          synced = ledger?.size ?? 0;
        },
      };
    },
  };
  let ledger: Ledger | undefined;
  ledger = await startLedger(newFolder(), disk);
  const seen: number[] = [];
  const url = await fakeWitness((_request, response, body) => {
    const { note } = parseAddCheckpoint(body);
    const text = Buffer.from(note).toString();
    seen.push(parseCheckpoint(text.slice(0, text.indexOf('\n\n') + 1)).size);
    assert.ok((seen.at(-1) ?? 0) <= synced);
    response.writeHead(500).end();
  });
  const key = parseCosignerKey(makeCosignerKey('w', 'ed25519')).verifier.text;
  const { witnessing } = await startWitnessing(ledger, `witness A ${key} ${url}\nquorum A\n`);
  await ledger.append(decision);
  await until('the first head is seen', () => seen.includes(1));
  isHeld = true;
  await ledger.append(decision);
  assert.equal(ledger.size, 2, 'acknowledged, and not synced');
  await sleep(150);
  assert.deepEqual(new Set(seen), new Set([1]));
  released.resolve();
  await until('the second is seen', () => seen.includes(2));
  await witnessing.close();
});

test('a witness that never answers delays no append, and not the others', async () => {
  const ledger = await startLedger();
  const a = await startWitness(ledger, 'a');
  const silent = await fakeWitness(() => undefined);
  const key = parseCosignerKey(makeCosignerKey('w', 'ed25519')).verifier.text;
  const policy = `${line('A', a)}witness B ${key} ${silent}\ngroup G any A B\nquorum G\n`;
  const { witnessing, logs } = await startWitnessing(ledger, policy, { answerWaitMsMax: 1_000 });
  const startedAt = performance.now();
  for (let i = 0; i < 200; i++) await ledger.append(decision);
  await until('a quorum', () => witnessing.published !== undefined);
  assert.ok(performance.now() - startedAt < 1_000, 'within the wait for the silent one');
  await until('it is told', () => logs.some((each) => each.includes('no answer in time')));
  assert.match(witnessing.sites[1]?.problem ?? '', /no answer in time/);
  assert.equal(witnessing.sites[0]?.problem, undefined);
});

test('without its quorum nothing is published; past the time calls go on, or are refused', async () => {
  const ledger = await startLedger();
  const a = await startWitness(ledger, 'a');
  const dirB = newFolder();
  const b = await startWitness(ledger, 'b', dirB);
  const port = Number(new URL(b.address).port);
  await b.close();
  const policy = `${line('A', a)}${line('B', b)}group both all A B\nquorum both\n`;
  const { witnessing: patient } = await startWitnessing(ledger, policy, { awayMsMax: 100 });
  const index = await ledger.append(decision);
  await until('it is away', () => patient.isAway);
  assert.equal(ledger.refusal, undefined, 'go-on');
  assert.ok(!existsSync(join(ledger.dir, WITNESSED_FILE)));
  await patient.close();

  const { witnessing, logs } = await startWitnessing(ledger, policy, {
    awayMsMax: 100,
    whenAway: 'stop',
  });
  await until('decisions are refused', () => ledger.refusal !== undefined);
  await assert.rejects(ledger.append(decision), { code: 'witnesses_away' });
  await ledger.append({ kind: 'outcome', closes: index, public: { outcome: 'answered' } });
  assert.equal(witnessing.published, undefined);

  await startWitness(ledger, 'b', dirB, port);
  await until('they are back', () => ledger.refusal === undefined);
  assert.equal(await ledger.append(decision), 2);
  await until('published', () => witnessing.published?.size === 3);
  assert.equal(witnessing.isAway, false);
  const told = logs.filter((each) => /the witnesses are (away|back)/.test(each));
  assert.equal(told.length, 2, 'once each, and not every round');
});

test('answers that are not what they should be publish nothing, and are told', async () => {
  const ledger = await startLedger();
  await ledger.append(decision);
  await ledger.flush();
  const cosigner = parseCosignerKey(makeCosignerKey('witness.example.org/a', 'ed25519'));
  const stranger = parseCosignerKey(makeCosignerKey('witness.example.org/a', 'ed25519'));
  const text = ledger.checkpoint.slice(0, ledger.checkpoint.indexOf('\n\n') + 1);
  const cosigned = (by = cosigner, of = text, atMs = Date.now()) =>
    signatureLine(of, signerAt(by, { now: () => atMs }));
  const size = { 'content-type': 'text/x.tlog.size' };
  const cases: readonly (readonly [
    problem: RegExp,
    status: number,
    body: string,
    headers?: object,
  ])[] = [
    [/does not know the log `example.com\/log`/, 404, ''],
    [/trusts none of the keys/, 403, ''],
    [/not shown that this log continues/, 422, ''],
    [/answers 500/, 500, 'no'],
    [/answers 429/, 429, ''],
    [/answers 302/, 302, '', { location: 'http://127.0.0.1:1/' }],
    [/409 says no size/, 409, 'x\n', size],
    [/409 says no size/, 409, '0\n', size],
    [/has cosigned 999 entries/, 409, '999\n', size],
    [/no known key signed it/, 200, cosigned(stranger)],
    [/does not verify/, 200, cosigned(cosigner, text.replace('\n1\n', '\n2\n'))],
    [/is an old one/, 200, cosigned(cosigner, text, Date.now() - 3_600_000)],
    [/is of the future/, 200, cosigned(cosigner, text, Date.now() + 3_600_000)],
    [/signature line is malformed/, 200, 'text\n'],
    [/not valid/, 200, ''],
    [/over 65536 bytes/, 200, 'x'.repeat(70_000)],
  ];
  for (const [problem, status, body, headers = {}] of cases) {
    const url = await fakeWitness((_request, response) => {
      response.writeHead(status, { ...headers }).end(body);
    });
    const policy = `witness A ${cosigner.verifier.text} ${url}\nquorum A\n`;
    const { witnessing } = await startWitnessing(ledger, policy);
    await until(String(problem), () => witnessing.sites[0]?.problem !== undefined);
    assert.match(witnessing.sites[0]?.problem ?? '', problem);
    assert.equal(witnessing.published, undefined);
    assert.equal(ledger.refusal, undefined, 'nothing of this is proof');
    await witnessing.close();
  }
});

test('a cosignature that is older than the one before it is not taken', async () => {
  const ledger = await startLedger();
  const cosigner = parseCosignerKey(makeCosignerKey('witness.example.org/a', 'ed25519'));
  let atMs = Date.now();
  const url = await fakeWitness((_request, response, body) => {
    const note = Buffer.from(parseAddCheckpoint(body).note).toString();
    const text = note.slice(0, note.indexOf('\n\n') + 1);
    response.end(signatureLine(text, signerAt(cosigner, { now: () => atMs })));
  });
  const policy = `witness A ${cosigner.verifier.text} ${url}\nquorum A\n`;
  const { witnessing } = await startWitnessing(ledger, policy);
  await ledger.append(decision);
  await until('the first', () => witnessing.published?.size === 1);
  atMs -= 10_000;
  await ledger.append(decision);
  await until('it is told', () => witnessing.sites[0]?.problem !== undefined);
  assert.match(witnessing.sites[0]?.problem ?? '', /is an old one/);
  assert.equal(witnessing.published?.size, 1);
});

test('a log that was put back from a copy, or runs twice, is told by its witness, with evidence', async () => {
  const dir = newFolder();
  const copy = newFolder();
  const ledger = await openLedger({ dir, origin, limits });
  const a = await startWitness(ledger, 'a');
  const policy = `${line('A', a)}quorum A\n`;
  for (let i = 0; i < 5; i++) await ledger.append(decision);
  await ledger.close();
  cpSync(dir, copy, { recursive: true });

  const original = await startLedger(dir);
  const { witnessing } = await startWitnessing(original, policy);
  for (let i = 0; i < 5; i++) await original.append(decision);
  await until('ten', () => witnessing.published?.size === 15);
  await witnessing.close();

  const old = await startLedger(copy);
  const { witnessing: second } = await startWitnessing(old, policy);
  await until('it is refused', () => old.refusal !== undefined);
  await assert.rejects(old.append(decision), { code: 'ledger_contradicted' });
  assert.match(old.refusal?.publicMessage ?? '', /put back from a copy/);
  assert.equal(second.published, undefined);
  const newer = readFileSync(join(copy, 'evidence/newer.checkpoint'));
  const { size } = openWitnessed(newer, original.verifiers[0], parsePolicy(policy)).checkpoint;
  assert.equal(size, 15);
  await second.close();

  old.refuseDecisions(undefined);
  for (let i = 0; i < 20; i++) await old.append({ kind: 'start', public: { other: i } });
  await old.flush();
  await startWitnessing(old, policy);
  await until('it is refused again', () => old.refusal !== undefined);
  assert.match(old.refusal?.publicMessage ?? '', /runs, or ran, twice/);
  const shown = verifySplitView(
    readFileSync(join(copy, 'evidence/split-view.json')),
    original.verifierKey,
  );
  assert.equal(shown.heads[0].size, 15);
});

test('without a quorum asked for, what is published has the cosignatures that came', async () => {
  const ledger = await startLedger();
  const a = await startWitness(ledger, 'a');
  const { witnessing } = await startWitnessing(ledger, `${line('A', a)}quorum none\n`);
  await ledger.append(decision);
  await until('cosigned', () => witnessing.sites[0]?.cosigned === 1);
  await a.close();
  await ledger.append(decision);
  await until('published all the same', () => witnessing.published?.size === 2);
});

test('a witness without an address cannot be asked', async () => {
  const ledger = await startLedger();
  const key = parseCosignerKey(makeCosignerKey('w', 'ed25519')).verifier.text;
  for (const url of ['', ' ftp://example.org/', ' example.org']) {
    await assert.rejects(startWitnessing(ledger, `witness A ${key}${url}\nquorum A\n`), {
      code: 'policy_invalid',
    });
  }
});
