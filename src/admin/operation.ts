/**
 * One thing that can be asked of a gateway, declared once: how it travels, who may ask, and what
 * it does. The same declaration serves the gateway's own socket, its commands and this process.
 */
import { z } from 'zod';
import { ProvisoError } from '#base/errors.ts';
import type { State } from '#gateway/state.ts';
import type { Session } from '#people/sessions.ts';
import { type Access, type Actor, requireAccess } from './actor.ts';
import type { Web } from './web.ts';

export interface Operation {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** `:name` stands for the member of the input with that name. */
  readonly path: string;
  readonly summary: string;
  readonly access: Access;
  readonly input: z.ZodType;
  /** `z.void()` where the answer has no body. */
  readonly result: z.ZodType;
  /** Takes what `input` has made of anything. Throws ProvisoError. */
  readonly run: (context: Context, input: unknown) => Promise<unknown>;
}

/** One whose shapes are known where it is asked. */
export interface TypedOperation<Input, Result> extends Operation {
  readonly input: z.ZodType<unknown, Input>;
  readonly result: z.ZodType<Result>;
  readonly run: (context: Context, input: unknown) => Promise<Result>;
}

/** Where an operation is run, and for whom. */
export interface Context {
  readonly state: State;
  readonly actor: Actor;
  /** `http://host:port`, of a gateway that serves. */
  readonly address?: string | undefined;
  /** Of a gateway that serves. */
  readonly web?: Web | undefined;
  /** The browser that asks, if one does. */
  readonly visit?: Visit | undefined;
}

/** The session of a browser: its secret travels in a cookie, which no operation sees. */
export interface Visit {
  /** A new session; one that the browser had is over. */
  signIn(person: string, via: Session['via']): Session;
  /** The session in force; asking counts as a request of the person's. */
  current(): Session | undefined;
  /** Asks the same without counting. */
  isInForce(): boolean;
  signOut(): void;
}

/** What can be asked, whether the gateway runs elsewhere or its state is opened here. */
export interface Control extends AsyncDisposable {
  /** @throws ProvisoError what the operation throws, or `invalid_request` naming the wrong field */
  ask<Input, Result>(operation: TypedOperation<Input, Result>, input: Input): Promise<Result>;
  close(): Promise<void>;
}

export function operation<In extends z.ZodType, Out extends z.ZodType>(declared: {
  readonly method: Operation['method'];
  readonly path: string;
  readonly summary: string;
  readonly access: Access;
  readonly input: In;
  readonly result: Out;
  readonly run: (context: Context, input: z.output<In>) => Promise<z.output<Out>>;
}): TypedOperation<z.input<In>, z.output<Out>> {
  return declared as object as TypedOperation<z.input<In>, z.output<Out>>;
}

/**
 * INVARIANT (2): an unknown field is refused, not taken away.
 * @throws ProvisoError `session_required`, `role_required`, `invalid_request`, or what the operation
 *   throws
 */
export async function perform(
  { access, input: shape, run }: Operation,
  context: Context,
  input: unknown,
): Promise<unknown> {
  requireAccess(access, context.actor);
  const parsed = shape.safeParse(input);
  if (parsed.success) return run(context, parsed.data);
  const [issue] = parsed.error.issues;
  const at = issue?.path.join('.') ?? '';
  const what = at === '' ? '' : `\`${at}\`: `;
  throw new ProvisoError('invalid_request', `${what}${issue?.message}.`, at === '' ? {} : { at });
}

/** The control of a state that is open in this process. */
export function localControl(context: Context, close: () => Promise<void>): Control {
  return {
    async ask<Input, Result>(operation: TypedOperation<Input, Result>, input: Input) {
      return (await perform(operation, context, input)) as Result;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** Shapes that more than one noun uses. */
export const shapes = {
  /** Of what a person names: callers, purposes, teams. */
  name: z.string().regex(/^[a-z0-9][a-z0-9._-]{0,63}$/i, {
    error: 'must be 1 to 64 letters, digits, `.`, `_` or `-`, and begin with a letter or digit',
  }),
  word: z.string().min(1).max(200),
  words: z.string().min(1).max(2_000),
  instant: z.iso.datetime({ offset: true }),
  nothing: z.strictObject({}),
} as const;
