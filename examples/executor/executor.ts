/**
 * An executor: something that can act on the world, and does so only with a release. Plain HTTP:
 *
 *   POST /tools/open_gate   { "arguments": { "berth": 4 }, "release": "eyJ…" }
 *   → 200 { "result": … }   or  403 { "error": { "code": "used", "message": "…" } }
 *
 * Start it with the keys of the gateway that it trusts, fetched once and kept:
 *
 *   curl -s http://127.0.0.1:8787/proviso/release-keys > keys.json
 *   node examples/executor/main.ts keys.json proviso.local/ledger ./used
 */
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { type Expected, ReleaseError, verifyRelease } from 'proviso/release';

const BODY_BYTES_MAX = 1024 * 1024;

export interface ExecutorOptions extends Pick<Expected, 'keys' | 'issuer' | 'seen'> {
  /** What it can do, by name; each takes the arguments that were signed. */
  readonly tools: Readonly<Record<string, (given: unknown) => unknown>>;
}

type Answer = readonly [status: number, body: object];

export function createExecutor({ keys, issuer, seen, tools }: ExecutorOptions): Server {
  return createServer((request, response) => {
    void act(request)
      .catch(refusal)
      .then(([status, answer]) => {
        response.writeHead(status, { 'content-type': 'application/json' });
        response.end(JSON.stringify(answer));
      });
  });

  async function act(request: IncomingMessage): Promise<Answer> {
    const tool = decodeURIComponent(/^\/tools\/([^/]+)$/.exec(request.url ?? '')?.[1] ?? '');
    const run = Object.hasOwn(tools, tool) ? tools[tool] : undefined;
    if (request.method !== 'POST' || !run) {
      return [404, { error: { code: 'not_found', message: 'There is no such tool.' } }];
    }
    const asked = JSON.parse(await readText(request)) as Partial<Asked>;
    const { arguments: given } = await verifyRelease(asked.release ?? '', {
      keys,
      issuer,
      tool,
      arguments: asked.arguments,
      seen,
    });
    // From here on the release is used, whatever comes of it: an action that failed half-way must
    // not be done again on the same signatures.
    return [200, { result: await run(given) }];
  }
}

interface Asked {
  readonly arguments: unknown;
  readonly release: string;
}

function refusal(error: unknown): Answer {
  if (error instanceof ReleaseError) {
    return [403, { error: { code: error.code, message: error.message } }];
  }
  const isBad = error instanceof SyntaxError || error instanceof URIError;
  const message = isBad ? 'The request could not be read.' : 'The action could not be done.';
  return [isBad ? 400 : 500, { error: { code: isBad ? 'bad_request' : 'failed', message } }];
}

async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    chunks.push(chunk as Buffer);
    bytes += (chunk as Buffer).length;
    if (bytes > BODY_BYTES_MAX) throw new SyntaxError('too large');
  }
  return Buffer.concat(chunks).toString('utf8');
}
