import assert from 'node:assert/strict';
import { test } from 'node:test';
import { onAllCores } from './cores.ts';

/** A module with the work, without a file. */
function moduleOf(body: string): URL {
  return new URL(`data:text/javascript,export async function run(task) { ${body} }`);
}

const tasks = Array.from({ length: 40 }, (_, i) => i);
const THREAD = "const { threadId } = await import('node:worker_threads');";

async function resultsOf(module: URL, cores: number): Promise<unknown[]> {
  return Array.fromAsync(onAllCores<number, unknown>(module, tasks, cores));
}

test('results come in the order of the tasks, from several threads', async () => {
  const module = moduleOf(
    `${THREAD} await new Promise((resolve) => setTimeout(resolve, (task % 5) * 3));
     return { task, threadId };`,
  );
  const results = (await resultsOf(module, 3)) as { task: number; threadId: number }[];
  assert.deepEqual(
    results.map(({ task }) => task),
    tasks,
  );
  assert.equal(new Set(results.map(({ threadId }) => threadId)).size, 3);
});

test('few tasks, and one core, stay in this thread', async () => {
  const module = moduleOf(`${THREAD} return threadId;`);
  assert.deepEqual(new Set(await resultsOf(module, 1)), new Set([0]));
  const few = onAllCores<number, number>(module, [1, 2, 3], 8);
  assert.deepEqual(await Array.fromAsync(few), [0, 0, 0]);
});

test('what a task throws is thrown in its turn, with its code', async () => {
  const errors = new URL('./errors.ts', import.meta.url).href;
  const module = moduleOf(
    `const { ProvisoError } = await import('${errors}');
     if (task === 7) throw new ProvisoError('ledger_corrupt', 'seven', { at: 'there' });
     if (task === 9) throw new TypeError('nine');
     return task;`,
  );
  for (const cores of [1, 2]) {
    const seen: number[] = [];
    const run = async (): Promise<void> => {
      for await (const result of onAllCores<number, number>(module, tasks, cores)) {
        seen.push(result);
      }
    };
    await assert.rejects(run, { code: 'ledger_corrupt', message: 'seven', at: 'there' });
    assert.deepEqual(seen, tasks.slice(0, 7));
  }
  const defects = onAllCores<number, number>(module, tasks.slice(8), 2);
  await assert.rejects(Array.fromAsync(defects), /nine/);
});

test('who stops early leaves no thread behind', async () => {
  const beats = new Int32Array(new SharedArrayBuffer(4));
  const module = moduleOf('setInterval(() => Atomics.add(task, 0, 1), 1);');
  for await (const _ of onAllCores(
    module,
    Array.from({ length: 8 }, () => beats),
    2,
  ))
    break;
  const before = Atomics.load(beats, 0);
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(Atomics.load(beats, 0), before);
});
