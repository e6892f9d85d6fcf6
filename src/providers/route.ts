/** The stage before the wire: only here does a `Routed` come to be, and `carry` takes nothing else. */
import type { ExchangeRequest, Protocol } from '#wire/exchange.ts';
import type { WireProtocol } from '#wire/protocol.ts';
import { type Target, wireFor } from './provider.ts';

declare const routed: unique symbol;

export interface EncodedCall {
  readonly wire: WireProtocol;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>> | undefined;
  readonly body: string;
}

export interface Routed {
  readonly [routed]: true;
  readonly protocol: Protocol;
  readonly request: ExchangeRequest;
  readonly targets: readonly Target[];
  /** Names of what could not be carried to the target that was encoded last. */
  readonly dropped: Set<string>;
  readonly encoded: (target: Target) => EncodedCall;
}

/**
 * INVARIANT (1): the bytes that leave are made here from the exchange that was decided; the
 * caller's own bytes are out of reach.
 */
export function route<
  P extends {
    readonly protocol: Protocol;
    readonly request: ExchangeRequest;
    readonly targets: readonly Target[];
    readonly decision: { readonly effect: 'permit' };
  },
>(cleared: P): P & Routed {
  const dropped = new Set<string>();
  return {
    ...cleared,
    dropped,
    encoded(target: Target): EncodedCall {
      dropped.clear();
      const request = withModel(cleared.request, target.model);
      const wire = wireFor(target.provider, cleared.protocol);
      const { path, headers, body } = wire.encodeRequest(request, dropped, target.provider.dialect);
      return { wire, path, headers, body: JSON.stringify(body) };
    },
  } as P & Omit<Routed, typeof routed> as P & Routed;
}

function withModel(request: ExchangeRequest, model: string): ExchangeRequest {
  if (request.model === model) return request;
  if (request.operation !== 'count_tokens') return { ...request, model };
  return { ...request, model, request: { ...request.request, model } };
}
