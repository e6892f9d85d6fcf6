/** Event streams as routes: `text/event-stream`, one JSON document an event. */
import type { ServerResponse } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { ProvisoError } from '#base/errors.ts';
import { requireAccess } from './actor.ts';
import { accessSchema, jsonSchema } from './openapi.ts';
import type { Context } from './operation.ts';
import type { Routing } from './routes.ts';
import type { EventStream } from './stream.ts';
import { STREAMS } from './streams.ts';

/** Proxies close what is silent for a minute; a session that ended ends its streams this soon. */
const BEAT_MS = 15_000;
const STREAMS_MAX = 200;
/** Past it a reader is too slow to be worth the memory. */
const UNSENT_BYTES_MAX = 1024 * 1024;

/** @returns what ends them all */
export function addStreams(app: FastifyInstance, routing: Routing): { end(): void } {
  const ending = new Set<AbortController>();
  for (const [name, declared] of Object.entries<EventStream>(STREAMS)) {
    const { path, access, input } = declared;
    app.get(routing.prefix + path, {
      schema: describe(name, declared),
      async handler(request, reply) {
        const context = routing.contextOf(request, reply);
        requireAccess(access, context.actor);
        const parsed = input.safeParse({ ...(request.query as object) });
        if (!parsed.success) {
          const [issue] = parsed.error.issues;
          throw new ProvisoError('invalid_request', `${issue?.path.join('.')}: ${issue?.message}.`);
        }
        if (ending.size >= STREAMS_MAX) {
          throw new ProvisoError('overloaded', `${STREAMS_MAX} streams are open, the limit.`);
        }
        const controller = new AbortController();
        ending.add(controller);
        reply.hijack();
        const headers = reply.getHeaders() as Record<string, string>;
        reply.raw.writeHead(200, { ...headers, 'content-type': 'text/event-stream' });
        try {
          const events = declared.open(context, parsed.data, controller.signal);
          await send(reply.raw, events, context, controller);
        } catch (thrown) {
          routing.onDefect(thrown);
        } finally {
          ending.delete(controller);
          reply.raw.end();
        }
      },
    });
  }
  return {
    end() {
      for (const controller of ending) controller.abort();
    },
  };
}

async function send(
  response: ServerResponse,
  events: AsyncIterable<unknown>,
  context: Context,
  controller: AbortController,
): Promise<void> {
  const end = () => controller.abort();
  response.once('close', end);
  // Browsers take the stream for open once a byte has come.
  response.write(':\n\n');
  const beat = setInterval(() => {
    if (!isAskerInForce(context)) end();
    else if (response.writableLength > UNSENT_BYTES_MAX) response.destroy();
    else response.write(':\n\n');
  }, BEAT_MS);
  try {
    for await (const event of events) {
      if (controller.signal.aborted) return;
      response.write(`data: ${JSON.stringify(event)}\n\n`);
    }
  } finally {
    clearInterval(beat);
    response.off('close', end);
  }
}

/** A role or session that ends while a stream is open ends the stream. */
function isAskerInForce({ actor, visit, state }: Context): boolean {
  switch (actor.kind) {
    case 'person':
      return visit?.isInForce() === true;
    case 'token': {
      const token = state.tokens.find(actor.token.id);
      return token?.isRevoked === false && state.clock.now() < token.expiresAt;
    }
    case 'operator':
    case 'nobody':
      return true;
  }
}

function describe(name: string, { summary, access, input, event }: EventStream): object {
  const schema = jsonSchema(event, 'output');
  return {
    operationId: name,
    summary,
    ...accessSchema(access),
    tags: ['streams'],
    querystring: jsonSchema(input, 'input'),
    response: { 200: { description: 'Events.', content: { 'text/event-stream': { schema } } } },
  };
}
