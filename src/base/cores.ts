/**
 * Work that is cut into tasks, on all cores: each task goes to a thread, and the results come back
 * in the order of the tasks. Few tasks stay in this thread, since a thread takes time to start.
 */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { asProvisoError, type ErrorCode, ProvisoError } from './errors.ts';

/** What a module gives that is to be run on all cores. Tasks and results are copied: plain values. */
export interface TaskModule<Task, Result> {
  readonly run: (task: Task) => Promise<Result>;
}

/** Below it, the threads would take longer to start than the work. */
const TASKS_PER_THREAD_MIN = 2;
/** Tasks that each thread may be ahead of the one whose result is asked for. */
const AHEAD_MAX = 4;

/**
 * @param module address of a `TaskModule`
 * @throws what `run` throws: a `ProvisoError` as it was, without its cause
 */
export async function* onAllCores<Task, Result>(
  module: URL,
  tasks: readonly Task[],
  cores = availableParallelism(),
): AsyncGenerator<Result> {
  const threadCount = Math.min(cores, Math.floor(tasks.length / TASKS_PER_THREAD_MIN));
  if (threadCount < 2) {
    const { run } = (await import(module.href)) as TaskModule<Task, Result>;
    for (const task of tasks) yield await run(task);
    return;
  }
  const threads = Array.from({ length: threadCount }, () => new Thread<Task, Result>(module));
  const results: Promise<Result>[] = [];
  try {
    for (let next = 0; next < tasks.length; next++) {
      const aheadEnd = Math.min(tasks.length, next + threadCount * AHEAD_MAX);
      for (let i = results.length; i < aheadEnd; i++) {
        const result = leastBusy(threads).run(tasks[i] as Task);
        // Awaited in its turn; until then it must not end the process.
        result.catch(() => undefined);
        results.push(result);
      }
      yield await (results[next] as Promise<Result>);
      // Given away: what was yielded is not kept.
      results[next] = NOTHING;
    }
  } finally {
    await Promise.all(threads.map((thread) => thread.end()));
  }
}

const NOTHING = Promise.resolve() as Promise<never>;

/** What a thread says of a task. */
export type TaskReport =
  | { readonly result: unknown }
  | { readonly code: ErrorCode; readonly message: string; readonly at?: string | undefined };

class Thread<Task, Result> {
  /** Tasks whose result has not come. */
  readonly waiting: { resolve: (result: Result) => void; reject: (error: Error) => void }[] = [];
  readonly #worker: Worker;

  constructor(module: URL) {
    this.#worker = new Worker(new URL('./cores-thread.ts', import.meta.url), {
      workerData: module.href,
    });
    this.#worker.on('message', (report: TaskReport) => {
      const task = this.waiting.shift();
      if ('result' in report) task?.resolve(report.result as Result);
      else task?.reject(errorOf(report));
    });
    this.#worker.on('error', (error) => {
      for (const { reject } of this.waiting.splice(0)) reject(asProvisoError(error));
    });
  }

  /** A thread works its tasks off in turn, so results come in the order of the tasks. */
  run(task: Task): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ resolve, reject });
      this.#worker.postMessage(task);
    });
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }
}

function leastBusy<Task, Result>(threads: readonly Thread<Task, Result>[]): Thread<Task, Result> {
  return threads.reduce((least, each) => {
    return each.waiting.length < least.waiting.length ? each : least;
  });
}

function errorOf(report: Exclude<TaskReport, { readonly result: unknown }>): ProvisoError {
  const { code, message, at } = report;
  return new ProvisoError(code, message, at === undefined ? {} : { at });
}
