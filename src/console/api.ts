/**
 * The control API as the browser asks it: an operation's name, its input, its result. Names and
 * shapes are the server's own types; where each operation lies is read from the API's description.
 */
import type { z } from 'zod';
import type { OPERATIONS } from '#admin/operations.ts';

type Operations = typeof OPERATIONS;
export type OperationName = keyof Operations;
export type Input<N extends OperationName> = z.input<Operations[N]['input']>;
export type Result<N extends OperationName> = z.output<Operations[N]['result']>;

/** What the server refused, in its own words and with its stable code. */
export class ApiError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** @throws ApiError */
export async function ask<N extends OperationName>(name: N, input: Input<N>): Promise<Result<N>> {
  const { method, path } = (await placesOf()).get(name) ?? { method: 'get', path: '' };
  const rest = { ...(input as Record<string, unknown>) };
  let url = path.replace(/\{(\w+)\}/g, (_, member: string) => {
    const value = encodeURIComponent(String(rest[member]));
    delete rest[member];
    return value;
  });
  const isPost = method === 'post';
  const query = isPost ? '' : String(new URLSearchParams(textsOf(rest)));
  if (query !== '') url += `?${query}`;
  const response = await fetch(url, {
    method: method.toUpperCase(),
    headers: isPost ? { 'content-type': 'application/json' } : {},
    ...(isPost ? { body: JSON.stringify(rest) } : {}),
  });
  if (response.status === 204) return undefined as Result<N>;
  const document: unknown = await response.json().catch(() => undefined);
  if (response.ok) return document as Result<N>;
  const { error } = (document ?? {}) as { error?: { code: string; message: string } };
  throw new ApiError(
    error?.code ?? 'internal',
    error?.message ?? `The gateway answered ${response.status}.`,
  );
}

function textsOf(input: Record<string, unknown>): Record<string, string> {
  const given = Object.entries(input).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given.map(([name, value]) => [name, String(value)]));
}

interface Place {
  readonly method: string;
  readonly path: string;
}

interface Description {
  readonly paths: Readonly<Record<string, Readonly<Record<string, { operationId?: string }>>>>;
}

let places: Promise<ReadonlyMap<string, Place>> | undefined;

function placesOf(): Promise<ReadonlyMap<string, Place>> {
  places ??= fetchPlaces().catch((error: unknown) => {
    places = undefined;
    throw error;
  });
  return places;
}

async function fetchPlaces(): Promise<ReadonlyMap<string, Place>> {
  const response = await fetch('/api/openapi.json');
  const { paths } = (await response.json()) as Description;
  return new Map(
    Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).flatMap(([method, { operationId }]) =>
        operationId === undefined ? [] : [[operationId, { method, path }] as const],
      ),
    ),
  );
}
