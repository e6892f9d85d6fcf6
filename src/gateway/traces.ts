/**
 * OpenTelemetry traces with the GenAI conventions, where the configuration names an endpoint; else
 * nothing is loaded and nothing leaves. Spans hold names, numbers and codes, never content.
 * https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans/
 */
import type { IncomingHttpHeaders } from 'node:http';

export interface CallTrace {
  readonly headers: IncomingHttpHeaders;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly endedAt: number;
  readonly operation: string;
  readonly modelAsked: string | undefined;
  readonly provider: string | undefined;
  readonly modelAnswered: string | undefined;
  readonly inputTokens: number | undefined;
  readonly outputTokens: number | undefined;
  readonly finish: string | undefined;
  readonly entry: number | undefined;
  /** A code of docs/errors.md. */
  readonly error: string | undefined;
}

export interface Traces {
  record(call: CallTrace): void;
  close(): Promise<void>;
}

const OPERATIONS: Readonly<Record<string, string>> = { generate: 'chat', embed: 'embeddings' };

/** @param endpoint an OTLP/HTTP address such as `http://127.0.0.1:4318/v1/traces` */
export async function openTraces(endpoint: string): Promise<Traces> {
  const [api, core, { resourceFromAttributes }, sdk, { OTLPTraceExporter }] = await Promise.all([
    import('@opentelemetry/api'),
    import('@opentelemetry/core'),
    import('@opentelemetry/resources'),
    import('@opentelemetry/sdk-trace-base'),
    import('@opentelemetry/exporter-trace-otlp-http'),
  ]);
  const provider = new sdk.BasicTracerProvider({
    resource: resourceFromAttributes({ 'service.name': 'proviso' }),
    spanProcessors: [new sdk.BatchSpanProcessor(new OTLPTraceExporter({ url: endpoint }))],
  });
  const tracer = provider.getTracer('proviso');
  const propagator = new core.W3CTraceContextPropagator();
  return {
    record(call) {
      const parent = propagator.extract(api.ROOT_CONTEXT, call.headers, api.defaultTextMapGetter);
      const operation = OPERATIONS[call.operation] ?? call.operation;
      const span = tracer.startSpan(
        `${operation} ${call.modelAsked ?? ''}`.trim(),
        {
          kind: api.SpanKind.SERVER,
          startTime: call.startedAt,
          attributes: {
            'gen_ai.operation.name': operation,
            'gen_ai.request.model': call.modelAsked,
            'gen_ai.provider.name': call.provider,
            'gen_ai.response.model': call.modelAnswered,
            'gen_ai.usage.input_tokens': call.inputTokens,
            'gen_ai.usage.output_tokens': call.outputTokens,
            'gen_ai.response.finish_reasons': call.finish === undefined ? undefined : [call.finish],
            'proviso.ledger.entry': call.entry,
            'error.type': call.error,
          },
        },
        parent,
      );
      if (call.error !== undefined) span.setStatus({ code: api.SpanStatusCode.ERROR });
      span.end(call.endedAt);
    },
    close: () => provider.shutdown(),
  };
}
