/** The end of a command that runs until it is told to stop. */
import { EXIT } from './exit.ts';

/** Ctrl-C reaches npm, the launcher and this process, and each hands it on: one press, not many. */
const SAME_PRESS_MS = 500;

/**
 * Aborts at the first signal to stop, or when the launcher is gone; a second one ends the process.
 * @param onStopping called before, to say so
 */
export function stopSignal(onStopping: () => void = () => undefined): AbortSignal {
  const stopping = new AbortController();
  let firstAt: number | undefined;
  const onSignal = (): void => {
    const now = performance.now();
    if (firstAt === undefined) {
      firstAt = now;
      onStopping();
      stopping.abort();
    } else if (now - firstAt > SAME_PRESS_MS) process.exit(EXIT.couldNot);
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  process.once('disconnect', onSignal);
  // The channel to the launcher must not keep this process from ending.
  process.channel?.unref();
  return stopping.signal;
}
