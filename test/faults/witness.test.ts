/**
 * A witness that is killed, whose disk fails, and that runs twice on one folder, asked by a log that
 * forks: it never cosigns two histories, and never forgets what it cosigned.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeSignerKey, parseSignerKey } from '#base/note.ts';
import { CosignedHeads } from '#witness/heads.ts';
import { originOf } from '#witness/witness.ts';
import { forkedLog } from './forked-log.ts';

const ROUNDS = 25;
const ORIGIN = 'example.com/kill';
const LOAD = join(import.meta.dirname, 'witness-load.ts');
const key = makeSignerKey(ORIGIN);
const log = forkedLog(parseSignerKey(key));

const root = mkdtempSync(join(tmpdir(), 'proviso-witness-kill-'));
after(() => rmSync(root, { recursive: true }));

/** All heads that were cosigned in a folder, as somebody was told. */
class Cosigned {
  readonly #roots = new Map<number, string>();
  #histories: readonly number[] = [0, 1];
  count = 0;
  greatest = 0;

  add(size: number, head: string, when: string): void {
    this.count++;
    this.greatest = Math.max(this.greatest, size);
    const before = this.#roots.get(size);
    assert.ok(before === undefined || before === head, `${when}: two roots of size ${size}`);
    this.#roots.set(size, head);
    const histories = log.historiesWith(size, head);
    this.#histories = this.#histories.filter((each) => histories.includes(each));
    assert.ok(this.#histories.length > 0, `${when}: heads of both histories, at size ${size}`);
  }
}

async function kept(dir: string): Promise<number> {
  const heads = await CosignedHeads.open(dir);
  const { size = 0 } = heads.find(originOf(ORIGIN).hash) ?? {};
  heads.close();
  return size;
}

test(`${ROUNDS} rounds of kill -9 on two processes of one witness, asked by a log that forks`, async (t) => {
  const dir = join(root, 'kill');
  const cosigned = new Cosigned();
  for (let round = 0; round < ROUNDS; round++) {
    const servers = [serve(dir), serve(dir)];
    const addresses = await Promise.all(servers.map(({ address }) => address));
    const asking = addresses.flatMap((address) => [ask(address), ask(address), ask(address)]);
    await sleep(Math.random() * 400);
    for (const { process } of servers) process.kill('SIGKILL');
    for (const answers of await Promise.all(asking)) {
      for (const [size, head] of answers) cosigned.add(size, head, `round ${round}`);
    }
    await Promise.all(servers.map(({ gone }) => gone));
    assert.ok((await kept(dir)) >= cosigned.greatest, `round ${round}: a head was forgotten`);
  }
  assert.ok(cosigned.count > ROUNDS, `only ${cosigned.count} heads were cosigned`);
  t.diagnostic(`${ROUNDS} rounds, ${cosigned.count} cosignatures, up to ${cosigned.greatest}`);

  /** Heads that this one was given a cosignature on, until the witness is gone. */
  async function ask(address: string): Promise<[number, string][]> {
    const answers: [number, string][] = [];
    for (let old = 0; ; ) {
      const asked = log.next(old);
      if (!asked) return answers;
      try {
        const body = new Uint8Array(asked.request);
        const answer = await fetch(`${address}/add-checkpoint`, { method: 'POST', body });
        const text = await answer.text();
        if (answer.status === 200) {
          answers.push([asked.size, asked.root]);
          old = asked.size;
        } else if (answer.status === 409) old = Number(text);
        else assert.equal(answer.status, 422, text);
      } catch (error) {
        if (error instanceof assert.AssertionError) throw error;
        return answers;
      }
    }
  }
});

const SYSCALLS = ['pwrite64', 'fsync', 'fdatasync'];
const WHEN = [1, 2, 3, 6, 12, 25];
/** Heads that a process cosigns before it ends by itself. */
const COUNT = 15;
const INJECTED = ['error=EIO', 'error=ENOSPC', 'signal=KILL'];
const skip = spawnSync('strace', ['-V']).error ? 'strace is not installed' : false;

test('no failing system call, and no death at one, makes it forget', { skip }, async (t) => {
  let rounds = 0;
  let answers = 0;
  let ended = 0;
  for (const syscall of SYSCALLS) {
    for (const when of WHEN) {
      for (const injected of INJECTED) {
        const dir = join(root, String(rounds++));
        const what = `${syscall}:${injected}:when=${when}`;
        const cosigned = new Cosigned();
        if (runUnder(what, dir, cosigned) !== 0) ended++;
        const first = cosigned.greatest;
        runUnder(undefined, dir, cosigned);
        assert.ok((await kept(dir)) >= first, `${what}: a head was forgotten`);
        assert.ok(cosigned.greatest > first, `${what}: it did not go on`);
        answers += cosigned.count;
        rmSync(dir, { recursive: true });
      }
    }
  }
  assert.ok(ended > rounds / 3, `only ${ended} of ${rounds} processes were ended`);
  t.diagnostic(`${rounds} rounds, ${ended} ended early, ${answers} cosignatures, 0 forgotten`);
});

/** @returns the exit code */
function runUnder(inject: string | undefined, dir: string, cosigned: Cosigned): number | null {
  const load = [process.execPath, LOAD, dir, key, 'ask', String(COUNT)];
  const strace = ['strace', '-f', '-qq', '-o', '/dev/null', '-e', `inject=${inject}`];
  const [program = '', ...args] = inject === undefined ? load : [...strace, ...load];
  const { stdout, status } = spawnSync(program, args, { encoding: 'utf8' });
  for (const line of stdout.split('\n').slice(1, -1)) {
    const [size = '', head = ''] = line.split(' ');
    cosigned.add(Number(size), head, inject ?? 'after it');
  }
  return status;
}

interface Served {
  readonly process: ChildProcess;
  readonly address: Promise<string>;
  readonly gone: Promise<unknown>;
}

function serve(dir: string): Served {
  const child = spawn(process.execPath, [LOAD, dir, key, 'serve'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const address = once(child.stdout, 'data').then(([chunk]) => String(chunk).trim());
  return { process: child, address, gone: once(child, 'close') };
}
