/**
 * Prometheus metrics. Labels are codes, effects and configured names, never what a caller wrote.
 * Calls count in plain numbers; prom-client sees them when somebody asks.
 */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Provider } from '#providers/provider.ts';

/** What the metrics read of a running gateway when they are asked for. */
export interface Observed {
  readonly ledgerSize: () => number;
  readonly witnessing?: Witnessed | undefined;
  readonly providers: () => Iterable<Provider>;
  readonly openHolds: () => number;
}

/** How far the witnesses are, where there are any. */
export interface Witnessed {
  readonly published: { readonly size: number } | undefined;
  readonly behindMs: number;
}

export class Metrics {
  readonly registry = new Registry();
  /** Calls under way. */
  openCalls = 0;
  readonly #decisions = new Tally(['action', 'effect']);
  readonly #outcomes = new Tally(['outcome', 'provider']);
  readonly #errors = new Tally(['code']);
  readonly #tokens = new Tally(['direction', 'provider']);
  readonly #holds = new Tally(['event']);
  readonly #durations: Histogram;

  constructor(observed: Observed) {
    const { registry } = this;
    collectDefaultMetrics({ register: registry });
    this.#decisions.expose(registry, 'proviso_decisions_total', 'Decisions.');
    this.#outcomes.expose(registry, 'proviso_outcomes_total', 'Outcomes of decided calls.');
    this.#errors.expose(registry, 'proviso_errors_total', 'Errors by code; see docs/errors.md.');
    this.#tokens.expose(registry, 'proviso_tokens_total', 'Tokens, as the providers count them.');
    this.#holds.expose(
      registry,
      'proviso_holds_total',
      'Holds by what became of them; `exceeded` is one too many, which is denied.',
    );
    this.#durations = new Histogram({
      name: 'proviso_call_duration_seconds',
      help: 'From the head of a call to the end of its answer.',
      buckets: [0.005, 0.02, 0.1, 0.5, 2, 10, 60, 300],
      registers: [registry],
    });
    gauge(registry, 'proviso_open_calls', 'Calls under way.', () => this.openCalls);
    gauge(registry, 'proviso_open_holds', 'Holds that wait for people.', observed.openHolds);
    gauge(registry, 'proviso_ledger_entries', 'Entries that are durable.', observed.ledgerSize);
    gauge(
      registry,
      'proviso_ledger_witnessed_entries',
      'Entries that the quorum of witnesses cosigned.',
      () => observed.witnessing?.published?.size ?? 0,
    );
    gauge(
      registry,
      'proviso_ledger_unwitnessed_seconds',
      'How long entries have been waiting for the quorum of witnesses.',
      () => (observed.witnessing?.behindMs ?? 0) / 1_000,
    );
    new Gauge({
      name: 'proviso_provider_open_circuit',
      help: '1 while a provider is left alone after failures.',
      labelNames: ['provider'],
      registers: [registry],
      collect() {
        this.reset();
        for (const { name, breaker } of observed.providers()) {
          this.set({ provider: name }, breaker.state === 'closed' ? 0 : 1);
        }
      },
    });
  }

  decided(action: string, effect: string): void {
    this.#decisions.add(1, action, effect);
  }

  /** @param provider the configured name; empty where none was asked */
  ended(outcome: string, provider: string, inputTokens = 0, outputTokens = 0): void {
    this.#outcomes.add(1, outcome, provider);
    if (inputTokens > 0) this.#tokens.add(inputTokens, 'input', provider);
    if (outputTokens > 0) this.#tokens.add(outputTokens, 'output', provider);
  }

  /** @param event `opened`, `exceeded`, or how the hold ended */
  held(event: string): void {
    this.#holds.add(1, event, '');
  }

  erred(code: string): void {
    this.#errors.add(1, code, '');
  }

  lasted(durationMs: number): void {
    this.#durations.observe(durationMs / 1000);
  }
}

function gauge(registry: Registry, name: string, help: string, read: () => number): void {
  new Gauge({
    name,
    help,
    registers: [registry],
    collect() {
      this.set(read());
    },
  });
}

/** Sums by up to two labels. */
class Tally {
  readonly #labels: readonly [string, string?];
  readonly #sums = new Map<string, Map<string, number>>();

  constructor(labels: readonly [string, string?]) {
    this.#labels = labels;
  }

  add(amount: number, first: string, second: string): void {
    let sums = this.#sums.get(first);
    if (!sums) this.#sums.set(first, (sums = new Map()));
    sums.set(second, (sums.get(second) ?? 0) + amount);
  }

  expose(registry: Registry, name: string, help: string): void {
    const [firstLabel, secondLabel] = this.#labels;
    const counter = new Counter({
      name,
      help,
      labelNames: secondLabel === undefined ? [firstLabel] : [firstLabel, secondLabel],
      registers: [registry],
      collect: () => {
        counter.reset();
        for (const [first, sums] of this.#sums) {
          for (const [second, sum] of sums) {
            const labels = { [firstLabel]: first };
            if (secondLabel !== undefined) labels[secondLabel] = second;
            counter.inc(labels, sum);
          }
        }
      },
    });
  }
}
