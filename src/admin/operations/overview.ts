/** How a gateway is doing now, in numbers. */
import { z } from 'zod';
import { ProvisoError } from '#base/errors.ts';
import { operation, shapes } from '../operation.ts';
import { quantile, SAMPLE_MS } from '../pulse.ts';

const count = z.int().min(0);

const sample = z.strictObject({
  at: shapes.instant,
  permit: count,
  deny: count,
  hold: count,
  failed: count.describe('Outcomes that are failures of providers or of Proviso.'),
  openCalls: count,
});

const milliseconds = z.number().describe('Milliseconds, estimated within the buckets of /metrics.');

const overview = z.strictObject({
  at: shapes.instant,
  sampleMs: z.int().describe('How long each sample is.'),
  samples: z.array(sample).describe('The last quarter of an hour at most, the oldest first.'),
  openCalls: count,
  ledger: z.strictObject({
    size: count,
    problem: z.string().optional().describe('Why nothing can be written now.'),
  }),
  decisions: z
    .array(z.strictObject({ action: z.string(), effect: z.string(), count }))
    .describe('Since the gateway started, as everything below.'),
  outcomes: z.array(z.strictObject({ outcome: z.string(), provider: z.string(), count })),
  errors: z.array(z.strictObject({ code: z.string(), count })),
  latency: z
    .strictObject({ p50: milliseconds, p90: milliseconds, p99: milliseconds })
    .optional()
    .describe('From the head of a call to the end of its answer; absent before the first.'),
  providers: z.array(
    z.strictObject({
      name: z.string(),
      kind: z
        .string()
        .optional()
        .describe('As the configuration says it: `openai`, …; `sandbox` makes its answers up.'),
      protocols: z.array(z.string()),
      models: z.array(z.string()),
      health: z
        .enum(['closed', 'open', 'trying'])
        .describe('Of its circuit: `open` while it is left alone after failures.'),
      inputTokens: count,
      outputTokens: count,
    }),
  ),
});

export const getOverview = operation({
  method: 'GET',
  path: '/v1/overview',
  summary: 'Calls a second, decisions by kind, latency, and the providers’ health.',
  access: ['administrator', 'overseer', 'auditor'],
  input: shapes.nothing,
  result: overview,
  async run({ state, web }) {
    if (!web) throw new ProvisoError('not_found', 'No gateway runs with this data folder.');
    const { pulse, routing } = web;
    const [decisions, outcomes, errors, tokens, open, buckets] = await Promise.all([
      pulse.counts('proviso_decisions_total'),
      pulse.counts('proviso_outcomes_total'),
      pulse.counts('proviso_errors_total'),
      pulse.counts('proviso_tokens_total'),
      pulse.counts('proviso_open_calls'),
      pulse.durations(),
    ]);
    const tokensOf = (provider: string, direction: string) =>
      tokens.find(
        ({ labels }) => labels['provider'] === provider && labels['direction'] === direction,
      )?.count ?? 0;
    const kinds = new Map(state.config.providers.map((provider) => [provider.name, provider.kind]));
    const kindOf = (name: string) => {
      const kind = kinds.get(name);
      return kind === undefined ? {} : { kind };
    };
    const [p50, p90, p99] = [0.5, 0.9, 0.99].map((share) => quantile(buckets, share));
    const { size, failure } = state.ledger;
    return {
      at: new Date(state.clock.now()).toISOString(),
      sampleMs: SAMPLE_MS,
      samples: pulse.samples.map(({ at, ...rest }) => ({
        at: new Date(at).toISOString(),
        ...rest,
      })),
      openCalls: open[0]?.count ?? 0,
      ledger: { size, ...(failure ? { problem: failure.publicMessage } : {}) },
      decisions: decisions.map(({ labels, count: n }) => ({
        action: String(labels['action']),
        effect: String(labels['effect']),
        count: n,
      })),
      outcomes: outcomes.map(({ labels, count: n }) => ({
        outcome: String(labels['outcome']),
        provider: String(labels['provider']),
        count: n,
      })),
      errors: errors.map(({ labels, count: n }) => ({ code: String(labels['code']), count: n })),
      ...(p50 === undefined || p90 === undefined || p99 === undefined
        ? {}
        : { latency: { p50, p90, p99 } }),
      providers: [...routing().providers].map(({ name, wires, models, breaker }) => ({
        name,
        ...kindOf(name),
        protocols: wires.map((wire) => wire.name),
        models: [...models],
        health: breaker.state,
        inputTokens: tokensOf(name, 'input'),
        outputTokens: tokensOf(name, 'output'),
      })),
    };
  },
});
