/** Time as a port: tests set it back, and stop it. */
export interface Clock {
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  now(): number;
}

export const systemClock: Clock = { now: Date.now };

/** What ended stays ended where the clock is set back: the latest instant that was seen, or later. */
export function neverBack(clock: Clock): Clock {
  let latest = 0;
  return {
    now() {
      latest = Math.max(latest, clock.now());
      return latest;
    },
  };
}
