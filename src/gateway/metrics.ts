/** Prometheus metrics. Labels are codes, effects and configured names, never what a caller wrote. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Provider } from '#providers/provider.ts';

export class Metrics {
  readonly registry = new Registry();
  readonly decisions = new Counter({
    name: 'proviso_decisions_total',
    help: 'Decisions by action and effect.',
    labelNames: ['action', 'effect'],
    registers: [this.registry],
  });
  readonly outcomes = new Counter({
    name: 'proviso_outcomes_total',
    help: 'Outcomes of calls by result and provider.',
    labelNames: ['result', 'provider'],
    registers: [this.registry],
  });
  readonly errors = new Counter({
    name: 'proviso_errors_total',
    help: 'Calls that ended in an error, by code (docs/errors.md).',
    labelNames: ['code'],
    registers: [this.registry],
  });
  readonly tokens = new Counter({
    name: 'proviso_tokens_total',
    help: 'Tokens as the providers count them.',
    labelNames: ['direction', 'provider'],
    registers: [this.registry],
  });
  readonly duration = new Histogram({
    name: 'proviso_call_duration_seconds',
    help: 'From the head of a call to the end of its answer.',
    buckets: [0.005, 0.02, 0.1, 0.5, 2, 10, 60, 300],
    registers: [this.registry],
  });
  readonly openCalls = new Gauge({
    name: 'proviso_open_calls',
    help: 'Calls under way.',
    registers: [this.registry],
  });

  constructor(ledgerSize: () => number, providers: () => Iterable<Provider>) {
    collectDefaultMetrics({ register: this.registry });
    new Gauge({
      name: 'proviso_ledger_entries',
      help: 'Entries that are durable.',
      registers: [this.registry],
      collect() {
        this.set(ledgerSize());
      },
    });
    new Gauge({
      name: 'proviso_provider_open_circuit',
      help: '1 while a provider is left alone after failures.',
      labelNames: ['provider'],
      registers: [this.registry],
      collect() {
        for (const { name, breaker } of providers()) {
          this.set({ provider: name }, breaker.state === 'closed' ? 0 : 1);
        }
      },
    });
  }
}
