/** What operators see of a call that ended: metrics, a log line, a trace. Never content. */
import type { IncomingHttpHeaders } from 'node:http';
import type { Attempt } from '#providers/carry.ts';
import type { ExchangeRequest } from '#wire/exchange.ts';
import type { OutcomeFacts } from './entries.ts';
import type { Gateway } from './gateway.ts';

export interface EndedCall {
  readonly headers: IncomingHttpHeaders;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly request: ExchangeRequest;
  readonly entry: number;
  readonly attempts: readonly Attempt[];
  readonly outcome: OutcomeFacts;
}

export function observe(call: EndedCall, gateway: Gateway): void {
  const { entry, request, startedAt } = call;
  const { result, code, usage, finish } = call.outcome;
  const { model, provider } = call.attempts.at(-1) ?? { model: undefined, provider: undefined };
  const endedAt = gateway.clock.now();
  const { metrics, log, traces } = gateway;
  metrics.ended(result, provider ?? '', usage?.inputTokens, usage?.outputTokens);
  metrics.lasted(endedAt - startedAt);
  if (log.isLevelEnabled('debug')) {
    log.debug({ entry, outcome: result, code, provider, ms: endedAt - startedAt }, 'call ended');
  }
  traces?.record({
    headers: call.headers,
    startedAt,
    endedAt,
    operation: request.operation,
    modelAsked: request.model,
    provider,
    modelAnswered: model,
    inputTokens: usage?.inputTokens,
    outputTokens: usage?.outputTokens,
    finish,
    entry,
    error: code,
  });
}
