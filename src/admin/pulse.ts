/**
 * How a gateway is doing: its counters, read once a second and kept for a quarter of an hour. The
 * calls themselves do nothing for it.
 */
import type { Registry } from 'prom-client';

export const SAMPLE_MS = 1_000;
const SAMPLES_MAX = 900;

/** What happened within one second. */
export interface Sample {
  /** Its end, milliseconds since 1970. */
  readonly at: number;
  readonly permit: number;
  readonly deny: number;
  readonly hold: number;
  /** Outcomes that are failures of providers or of Proviso. */
  readonly failed: number;
  readonly openCalls: number;
}

export interface Counted {
  readonly labels: Readonly<Record<string, string | number>>;
  readonly count: number;
}

/** Of calls that ended since the gateway started: how many took at most so long. */
export interface Bucket {
  /** Milliseconds; `Infinity` for the last. */
  readonly ms: number;
  readonly count: number;
}

export class Pulse {
  readonly #registry: Registry;
  readonly #samples: Sample[] = [];
  readonly #timer: NodeJS.Timeout;
  #before: { readonly effects: ReadonlyMap<string, number>; readonly failed: number } | undefined;

  constructor(registry: Registry, now: () => number) {
    this.#registry = registry;
    this.#timer = setInterval(() => void this.#sample(now()), SAMPLE_MS).unref();
  }

  /** The oldest first. */
  get samples(): readonly Sample[] {
    return this.#samples;
  }

  /** A counter's sums by their labels, since the gateway started. */
  async counts(name: string): Promise<readonly Counted[]> {
    const metric = this.#registry.getSingleMetric(name);
    const { values = [] } = (await metric?.get()) ?? {};
    return values.map(({ labels, value }) => ({
      labels: labels as Counted['labels'],
      count: value,
    }));
  }

  async durations(): Promise<readonly Bucket[]> {
    const values = await this.counts('proviso_call_duration_seconds');
    return values
      .filter(({ labels }) => labels['le'] !== undefined)
      .map(({ labels, count }) => ({
        ms: labels['le'] === '+Inf' ? Number.POSITIVE_INFINITY : Number(labels['le']) * 1_000,
        count,
      }));
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async #sample(at: number): Promise<void> {
    const decisions = await this.counts('proviso_decisions_total');
    const outcomes = await this.counts('proviso_outcomes_total');
    const [open] = await this.counts('proviso_open_calls');
    const effects = new Map<string, number>();
    for (const { labels, count } of decisions) {
      const effect = String(labels['effect']);
      effects.set(effect, (effects.get(effect) ?? 0) + count);
    }
    const failed = sum(outcomes.filter(({ labels }) => labels['outcome'] === 'failed'));
    const before = this.#before;
    this.#before = { effects, failed };
    if (!before) return;
    const since = (effect: string) =>
      (effects.get(effect) ?? 0) - (before.effects.get(effect) ?? 0);
    this.#samples.push({
      at,
      permit: since('permit'),
      deny: since('deny'),
      hold: since('hold'),
      failed: failed - before.failed,
      openCalls: open?.count ?? 0,
    });
    if (this.#samples.length > SAMPLES_MAX) this.#samples.shift();
  }
}

export function sum(counted: readonly Counted[]): number {
  return counted.reduce((total, { count }) => total + count, 0);
}

/**
 * The duration that a share of calls stayed below, as far as the buckets tell: within one, calls are
 * taken to be spread evenly. Undefined where there was none; past the last bucket, its bound.
 */
export function quantile(buckets: readonly Bucket[], share: number): number | undefined {
  const total = buckets.at(-1)?.count ?? 0;
  if (total === 0) return undefined;
  const rank = share * total;
  let before: Bucket = { ms: 0, count: 0 };
  for (const bucket of buckets) {
    if (bucket.count >= rank && bucket.count > before.count) {
      if (bucket.ms === Number.POSITIVE_INFINITY) return before.ms;
      const within = (rank - before.count) / (bucket.count - before.count);
      return before.ms + within * (bucket.ms - before.ms);
    }
    before = bucket;
  }
  return before.ms;
}
