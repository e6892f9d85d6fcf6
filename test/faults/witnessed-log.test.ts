/**
 * A log that is killed while a witness watches. INVARIANT (8): whatever the witness was shown is in
 * the log after the crash, so that it cosigns what follows and never finds a contradiction.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { openCheckpoint } from '#ledger/checkpoint.ts';
import { openLedger } from '#ledger/ledger.ts';
import { openWitnessed, readPolicy } from '#ledger/policy.ts';
import { WITNESSED_FILE } from '#ledger/public-files.ts';
import { findContradiction } from '#witness/contradiction.ts';
import { serveWitness } from '#witness/server.ts';
import { originOf } from '#witness/witness.ts';

const ROUNDS = 25;
const ORIGIN = 'example.com/kill';
const LOAD = join(import.meta.dirname, 'witnessed-load.ts');

const root = mkdtempSync(join(tmpdir(), 'proviso-witnessed-'));
after(() => rmSync(root, { recursive: true }));

test(`${ROUNDS} rounds of kill -9 on a log, and its witness never sees another`, async (t) => {
  const dir = join(root, 'log');
  const first = await openLedger({ dir, origin: ORIGIN });
  await first.close();
  const [log] = first.verifiers;
  const witness = await serveWitness(
    {
      name: 'witness.example.org/w',
      dir: join(root, 'witness'),
      listen: { host: '127.0.0.1', port: 0 },
      logs: [log.text],
      signatures: ['ed25519'],
      requestsPerMinuteMax: 1_000_000,
    },
    pino({ level: 'silent' }),
  );
  const file = join(root, 'policy.txt');
  writeFileSync(file, `witness W ${witness.verifierKeys[0]} ${witness.address}/\nquorum W\n`);
  const policy = await readPolicy(file);
  let cosigned = 0;
  let published = 0;
  let heads = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const child = spawn(process.execPath, [LOAD, dir, file], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    await sleep(Math.random() * 300);
    child.kill('SIGKILL');
    await once(child, 'close');

    const answer = await fetch(`${witness.address}/${originOf(ORIGIN).hash}/checkpoint`);
    if (answer.status !== 200) continue;
    const theirs = Buffer.from(await answer.arrayBuffer());
    const { size } = openCheckpoint(theirs, log);
    assert.ok(size >= cosigned, `round ${round}: the witness went back`);
    if (size > cosigned) heads++;
    cosigned = size;
    if (existsSync(join(dir, WITNESSED_FILE))) {
      const witnessed = openWitnessed(readFileSync(join(dir, WITNESSED_FILE)), log, policy);
      assert.ok(witnessed.isQuorum, `round ${round}`);
      assert.ok(
        witnessed.checkpoint.size >= published,
        `round ${round}: what was published went back`,
      );
      assert.ok(
        witnessed.checkpoint.size <= cosigned,
        `round ${round}: published and not cosigned`,
      );
      published = witnessed.checkpoint.size;
    }
    const ledger = await openLedger({ dir, origin: ORIGIN });
    const { checkpoint } = ledger;
    await ledger.close();
    const found = await findContradiction(dir, log, checkpoint, theirs);
    assert.equal(found, undefined, `round ${round}: ${found?.problem}`);
  }
  await witness.close();
  assert.ok(heads > ROUNDS / 2, `only in ${heads} rounds was anything cosigned`);
  assert.ok(published > 0);
  t.diagnostic(
    `${ROUNDS} rounds, ${cosigned} entries cosigned, ${published} published, 0 contradicted`,
  );
});
