/** The control API of a gateway that runs, from another process of the same user. */
import { Client } from 'undici';
import { type ErrorCode, ProvisoError } from '#base/errors.ts';
import type { Control, TypedOperation } from './operation.ts';
import { getStatus } from './operations/status.ts';
import { controlPath } from './socket.ts';

/** A gateway that does not answer within this is stuck; its operator should know. */
const ANSWER_WAIT_MS = 10_000;

/** `undefined` when no gateway with this data folder runs. */
export async function connectControl(dataDir: string): Promise<Control | undefined> {
  const client = new Client('http://proviso', {
    socketPath: controlPath(dataDir),
    headersTimeout: ANSWER_WAIT_MS,
    bodyTimeout: ANSWER_WAIT_MS,
  });
  const control: Control = {
    ask: (operation, input) => request(client, operation, input),
    close: () => client.close(),
    [Symbol.asyncDispose]: () => client.close(),
  };
  try {
    await control.ask(getStatus, {});
  } catch (thrown) {
    await client.destroy();
    const { code } = thrown as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ECONNREFUSED') return undefined;
    throw thrown;
  }
  return control;
}

async function request<Input, Result>(
  client: Client,
  { method, path: template }: TypedOperation<Input, Result>,
  input: Input,
): Promise<Result> {
  const rest = { ...input } as Record<string, unknown>;
  const path = template.replace(/:(\w+)/g, (_, name: string) => {
    const value = String(rest[name]);
    delete rest[name];
    return encodeURIComponent(value);
  });
  const { statusCode, body: answer } = await client.request({
    method,
    path,
    ...(method === 'POST'
      ? { body: JSON.stringify(rest), headers: { 'content-type': 'application/json' } }
      : { query: rest }),
  });
  // Every 204 answers an operation that returns nothing.
  if (statusCode === 204) return undefined as Result;
  const document: unknown = await answer.json();
  if (statusCode === 200) return document as Result;
  const { error } = document as { error: ControlError };
  throw new ProvisoError(error.code, error.message, {
    status: statusCode,
    ...(error.at === undefined ? {} : { at: error.at }),
    facts: error.facts,
  });
}

interface ControlError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly at?: string;
  readonly facts: ProvisoError['facts'];
}
