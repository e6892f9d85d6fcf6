/** The control API of a gateway that runs, from another process of the same user. */
import { Client } from 'undici';
import { type ErrorCode, ProvisoError } from '#base/errors.ts';
import type { Control, Status } from './control.ts';
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
  const ask = <T>(method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown) =>
    request<T>(client, method, path, body);
  try {
    await ask<Status>('GET', '/v1/status');
  } catch (thrown) {
    await client.destroy();
    const { code } = thrown as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ECONNREFUSED') return undefined;
    throw thrown;
  }
  return {
    status: () => ask('GET', '/v1/status'),
    listKeys: () => ask('GET', '/v1/keys'),
    createKey: (key) => ask('POST', '/v1/keys', key),
    revokeKey: (id) => ask('DELETE', `/v1/keys/${encodeURIComponent(id)}`),
    listPurposes: () => ask('GET', '/v1/purposes'),
    registerPurpose: (purpose) => ask('POST', '/v1/purposes', purpose),
    endPurpose: (id, at) => ask('POST', `/v1/purposes/${encodeURIComponent(id)}/end`, { at }),
    readPrivate: (entry) => ask('GET', `/v1/entries/${entry}/private`),
    close: () => client.close(),
  };
}

async function request<T>(
  client: Client,
  method: 'GET' | 'POST' | 'DELETE',
  path: string,
  body: unknown,
): Promise<T> {
  const { statusCode, body: answer } = await client.request({
    method,
    path,
    ...(body === undefined
      ? {}
      : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });
  // Every 204 answers a method that returns nothing.
  if (statusCode === 204) return undefined as T;
  const document: unknown = await answer.json();
  if (statusCode === 200) return document as T;
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
