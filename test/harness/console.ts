/** A gateway with its control API and console, served for real; and browsers that ask it. */
import { hash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { pino } from 'pino';
import { stringify } from 'yaml';
import type { z } from 'zod';
import type { Operation } from '#admin/operation.ts';
import { OPERATIONS } from '#admin/operations.ts';
import { canonicalJson, type JsonObject, parseJsonText } from '#base/json.ts';
import { type Serving, serve } from '#cli/serve.ts';
import { parseConfig } from '#config/load.ts';
import { SoftwareAuthenticator } from '#people/software-authenticator.ts';
import { prover } from './prover.ts';

type Operations = typeof OPERATIONS;
export type Name = keyof Operations;
export type Input<N extends Name> = z.input<Operations[N]['input']>;
export type Result<N extends Name> = z.output<Operations[N]['result']>;

export interface Console {
  readonly serving: Serving;
  readonly origin: string;
  /** What failed as a defect. */
  readonly logs: readonly string[];
  browser(): Browser;
  /** As the operator, over no wire. */
  operate<N extends Name>(name: N, input: Input<N>): Promise<Result<N>>;
  /** A new person with a passkey and these roles, who has signed in. */
  person(name: string, ...roles: readonly string[]): Promise<Browser>;
}

export async function openConsole(t: TestContext, settings: JsonObject = {}): Promise<Console> {
  const dir = mkdtempSync(join(tmpdir(), 'proviso-console-'));
  const text = stringify({ dataDir: dir, listen: { port: 0 }, ...settings });
  const logs: string[] = [];
  const log = pino({ level: 'warn' }, { write: (line: string) => void logs.push(line) });
  const serving = await serve(parseConfig(text, join(dir, 'proviso.yaml'), {}), log, { prover });
  t.after(async () => {
    await serving.stop();
    rmSync(dir, { recursive: true });
  });
  // As a browser would, where it can.
  const isLocal = serving.origin.startsWith('http://localhost');
  const address = isLocal ? serving.origin : serving.address;
  const opened: Console = {
    serving,
    origin: serving.origin,
    logs,
    browser: () => new Browser(address, serving.origin),
    async operate<N extends Name>(name: N, input: Input<N>) {
      const operation: Operation = OPERATIONS[name];
      const result: unknown = await serving.control.ask(operation as never, input as never);
      return result as Result<N>;
    },
    async person(name, ...roles) {
      const { document } = await opened.operate('draftChange', {
        kind: 'invite',
        name,
        teams: [],
        roles: [...roles],
      });
      const { invitation } = await opened.operate('signChange', { document });
      const browser = opened.browser();
      await browser.register(invitation ?? '');
      return browser;
    },
  };
  return opened;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: JsonObject;
  /** Of a refusal. */
  readonly code: string | undefined;
}

/** One person's browser: a cookie jar, a passkey, and the headers that a page's requests have. */
export class Browser {
  readonly address: string;
  readonly origin: string;
  readonly authenticator: SoftwareAuthenticator;
  readonly cookies = new Map<string, string>();
  person = '';

  constructor(address: string, origin: string) {
    this.address = address;
    this.origin = origin;
    this.authenticator = new SoftwareAuthenticator({ origin }, 1);
  }

  /** @throws an error with the refusal's `code` */
  async ask<N extends Name>(name: N, input: Input<N>): Promise<Result<N>> {
    const answer = await this.send(name, input as JsonObject);
    if (answer.code === undefined) return answer.body as Result<N>;
    throw Object.assign(new Error(`${name}: ${answer.code} ${JSON.stringify(answer.body)}`), {
      code: answer.code,
    });
  }

  /** @param headers over those of the page's own request; undefined leaves one out */
  async send(
    name: Name,
    input: JsonObject,
    headers: Readonly<Record<string, string | undefined>> = {},
  ): Promise<Answer> {
    const { method, path: template } = OPERATIONS[name];
    const rest: Record<string, unknown> = { ...input };
    const path = template.replace(/:(\w+)/g, (_, member: string) => {
      const value = encodeURIComponent(String(rest[member]));
      delete rest[member];
      return value;
    });
    const isPost = method === 'POST';
    const query = isPost ? '' : new URLSearchParams(rest as Record<string, string>).toString();
    return this.fetch(
      method,
      `/api${path}${query === '' ? '' : `?${query}`}`,
      headers,
      isPost ? { body: JSON.stringify(rest) } : {},
    );
  }

  async fetch(
    method: string,
    path: string,
    headers: Readonly<Record<string, string | undefined>> = {},
    { body }: { readonly body?: string } = {},
  ): Promise<Answer> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const given = {
      ...(method === 'GET' ? {} : { origin: this.origin }),
      'sec-fetch-site': 'same-origin',
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(cookie === '' ? {} : { cookie }),
      ...headers,
    };
    const response = await fetch(this.address + path, {
      method,
      headers: Object.entries(given).filter((pair): pair is [string, string] => Boolean(pair[1])),
      ...(body === undefined ? {} : { body }),
      redirect: 'manual',
    });
    for (const line of response.headers.getSetCookie()) this.#keep(line);
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json') === true;
    const parsed = isJson && text !== '' ? (JSON.parse(text) as JsonObject) : { text };
    const error = parsed['error'] as { readonly code: string } | undefined;
    return { status: response.status, headers: response.headers, body: parsed, code: error?.code };
  }

  /** @param link of an invitation, as it is shown */
  async register(link: string, code?: string): Promise<Result<'finishRegistration'>> {
    const invited = {
      invitation: link.slice(link.indexOf('#') + 1),
      ...(code === undefined ? {} : { code }),
    };
    const { id, options } = await this.ask('beginRegistration', invited);
    const passkey = this.authenticator.register(options.challenge);
    const session = await this.ask('finishRegistration', { ...invited, id, passkey });
    this.person = session.person;
    return session;
  }

  async signIn(): Promise<Result<'signIn'>> {
    const { id, options } = await this.ask('beginSignIn', {});
    return this.ask('signIn', { id, assertion: this.authenticator.sign(options.challenge) });
  }

  /** Drafts a change and signs it. */
  async change(wanted: Input<'draftChange'>): Promise<Result<'signChange'>> {
    return this.sign((await this.ask('draftChange', wanted)).document);
  }

  sign(document: string): Promise<Result<'signChange'>> {
    return this.ask('signChange', {
      document,
      assertion: this.authenticator.sign(challengeOf(document)),
    });
  }

  #keep(line: string): void {
    const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
    if (value === '' || /expires=Thu, 01 Jan 1970/i.test(line)) this.cookies.delete(name);
    else this.cookies.set(name, value);
  }
}

/** What is signed for a document: its SHA-256, base64url. */
export function challengeOf(document: string): string {
  if (canonicalJson(parseJsonText(document)) !== document) throw new Error('not canonical');
  return hash('sha256', document, 'base64url');
}
