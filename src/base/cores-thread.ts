/** One thread of `cores.ts`: loads the module with the work, then runs each task it is sent, in turn. */
import { parentPort, workerData } from 'node:worker_threads';
import type { TaskModule, TaskReport } from './cores.ts';
import { ProvisoError } from './errors.ts';

const port = parentPort;
if (!port) throw new Error('cores-thread.ts is run as a thread.');

const module = import(workerData as string) as Promise<TaskModule<unknown, unknown>>;
let turn: Promise<void> = Promise.resolve();
port.on('message', (task: unknown) => {
  turn = turn.then(async () => port.postMessage(await report(task)));
});

async function report(task: unknown): Promise<TaskReport> {
  try {
    const { run } = await module;
    return { result: await run(task) };
  } catch (thrown) {
    if (thrown instanceof ProvisoError) {
      return { code: thrown.code, message: thrown.publicMessage, at: thrown.at };
    }
    // A defect: its stack is all there is to find it by.
    return { code: 'internal', message: (thrown as Error).stack ?? String(thrown) };
  }
}
