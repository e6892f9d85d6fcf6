/** A bar on stderr for work that takes over a second; nothing where stderr is no terminal. */
import { Presets, SingleBar } from 'cli-progress';

const QUIET_MS = 1_000;

/** @param work is given a function to call with how much is done, of how much */
export async function withProgress<T>(
  label: string,
  work: (report: (done: number, total: number) => void) => Promise<T>,
): Promise<T> {
  if (!process.stderr.isTTY) return work(() => undefined);
  const bar = new SingleBar(
    {
      format: `${label} {bar} {percentage}%  {value} of {total}`,
      stream: process.stderr,
      hideCursor: true,
      clearOnComplete: true,
    },
    Presets.rect,
  );
  const startedAt = performance.now();
  let isShown = false;
  try {
    return await work((done, total) => {
      if (isShown) bar.update(done);
      else if (performance.now() - startedAt > QUIET_MS) {
        isShown = true;
        bar.start(total, done);
      }
    });
  } finally {
    if (isShown) bar.stop();
  }
}
