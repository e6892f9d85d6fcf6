/** Something that goes on, declared once: events that are sent as they come, until nobody listens. */
import type { z } from 'zod';
import type { Access } from './actor.ts';
import type { Context } from './operation.ts';

export interface EventStream {
  readonly path: string;
  readonly summary: string;
  readonly access: Access;
  readonly input: z.ZodType;
  /** The shape of each event. */
  readonly event: z.ZodType;
  /** Ends when the signal does. */
  readonly open: (context: Context, input: unknown, signal: AbortSignal) => AsyncIterable<unknown>;
}

/** One whose events are known where it is watched. */
export interface TypedStream<Event> extends EventStream {
  readonly event: z.ZodType<Event>;
}

export function stream<In extends z.ZodType, Event extends z.ZodType>(declared: {
  readonly path: string;
  readonly summary: string;
  readonly access: Access;
  readonly input: In;
  readonly event: Event;
  readonly open: (
    context: Context,
    input: z.output<In>,
    signal: AbortSignal,
  ) => AsyncIterable<z.output<Event>>;
}): TypedStream<z.output<Event>> {
  return declared as object as TypedStream<z.output<Event>>;
}
