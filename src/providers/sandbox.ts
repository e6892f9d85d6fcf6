/**
 * The sandbox: a made-up provider on a loopback port, for a first try without any vendor's key. It
 * speaks every protocol, is no model, says so in each answer, and calls a tool when the user's text
 * names one: `get_weather {"city":"Velm"}`.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { asProvisoError, ProvisoError } from '#base/errors.ts';
import { isObject, type JsonObject, parseJson } from '#base/json.ts';
import type { Answer, EmbedRequest, ModelRequest, Part, ToolCallPart } from '#wire/exchange.ts';
import type { WireProtocol } from '#wire/protocol.ts';

export interface Sandbox {
  /** Without a path. */
  readonly origin: string;
  close(): Promise<void>;
}

/** Time between two pieces of a streamed answer, so that a person sees it stream. */
const PIECE_WAIT_MS = 2;
const EMBEDDING_SIZE = 8;
/** As much as any vendor gives. */
const EMBEDDING_SIZE_MAX = 4_096;

export async function startSandbox(wires: readonly WireProtocol[]): Promise<Sandbox> {
  const server = createServer((request, response) => {
    serve(wires, request, response).catch((thrown: unknown) => {
      const error = asProvisoError(thrown);
      response.writeHead(error.status).end(JSON.stringify({ error: { message: error.message } }));
    });
  });
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function serve(
  wires: readonly WireProtocol[],
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const url = new URL(incoming.url ?? '/', 'http://sandbox');
  const path = { method: incoming.method ?? '', path: url.pathname };
  const wire = wires.find((candidate) => candidate.route(path) !== undefined);
  const route = wire?.route(path);
  if (!wire || !route) throw new ProvisoError('not_found', `No such path: ${url.pathname}.`);
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const body = parseJson(Buffer.concat(chunks));
  if (!isObject(body)) throw new ProvisoError('invalid_request', 'The body is not an object.');
  const request = wire.decodeRequest(body, { route, allowedFields: new Set() });
  switch (request.operation) {
    case 'embed':
      return json(outgoing, wire.encodeEmbeddings(embed(request), request));
    case 'count_tokens':
      return json(outgoing, wire.encodeCount(tokens(textOf(request.request))));
    case 'generate':
      if (request.stream) return stream(wire, request, outgoing);
      return json(outgoing, wire.encodeAnswer(answer(request), request, new Set()));
  }
}

function json(outgoing: ServerResponse, body: JsonObject): void {
  outgoing.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

async function stream(
  wire: WireProtocol,
  request: ModelRequest,
  outgoing: ServerResponse,
): Promise<void> {
  outgoing.writeHead(200, { 'content-type': 'text/event-stream' });
  const encoder = wire.streamEncoder({ request });
  const { id, model, createdAt, parts, finish, usage } = answer(request);
  outgoing.write(encoder.push({ type: 'start', id, model, createdAt, usage }));
  for (const [index, part] of parts.entries()) {
    const text = part.type === 'tool_call' ? part.arguments : part.type === 'text' ? part.text : '';
    const begun = part.type === 'tool_call' ? { ...part, arguments: '' } : { ...part, text: '' };
    outgoing.write(encoder.push({ type: 'part_start', index, part: begun as Part }));
    for (const piece of text.match(/\S+\s*|\s+/g) ?? []) {
      outgoing.write(encoder.push({ type: 'part_delta', index, text: piece }));
      await new Promise((resolve) => setTimeout(resolve, PIECE_WAIT_MS));
    }
    outgoing.write(encoder.push({ type: 'part_end', index, part }));
  }
  outgoing.end(encoder.push({ type: 'finish', finish, usage }));
}

function answer(request: ModelRequest): Answer {
  const calls = toolCalls(request);
  const asked = lastText(request);
  const text: Part = { type: 'text', text: `[sandbox, not a model] You said: ${asked}` };
  const parts = calls.length > 0 ? calls : [text];
  return {
    id: `sandbox-${Date.now().toString(36)}`,
    model: request.model,
    createdAt: Math.floor(Date.now() / 1000),
    parts,
    finish: { reason: calls.length > 0 ? 'tool_calls' : 'stop' },
    usage: {
      inputTokens: tokens(textOf(request)),
      outputTokens: tokens(JSON.stringify(parts)),
    },
  };
}

/** The tools that the last message of a user names, each with the JSON object behind its name. */
function toolCalls(request: ModelRequest): ToolCallPart[] {
  if (request.messages.at(-1)?.role !== 'user' || request.toolChoice?.mode === 'none') return [];
  const text = lastText(request);
  return request.tools
    .filter(({ name }) => text.includes(name))
    .map(({ name }, index) => ({
      type: 'tool_call',
      id: `call_sandbox_${index}`,
      name,
      arguments: objectAfter(text, name),
    }));
}

function objectAfter(text: string, name: string): string {
  const start = text.indexOf('{', text.indexOf(name));
  for (
    let end = text.indexOf('}', start);
    start >= 0 && end > 0;
    end = text.indexOf('}', end + 1)
  ) {
    const candidate = text.slice(start, end + 1);
    try {
      JSON.parse(candidate);
      return candidate;
    } catch {
      // A longer piece may be whole.
    }
  }
  return '{}';
}

function lastText(request: ModelRequest): string {
  const texts = request.messages.at(-1)?.parts.map((part) => {
    if (part.type === 'text') return part.text;
    if (part.type !== 'tool_result') return '';
    return part.content.map((item) => (item.type === 'text' ? item.text : '')).join(' ');
  });
  return (texts ?? []).join(' ').trim();
}

function textOf(request: ModelRequest): string {
  return JSON.stringify([request.messages, request.tools]);
}

/** About four letters a token: an estimate, which is all that a sandbox has. */
function tokens(text: string): number {
  return Math.ceil(text.length / 4);
}

function embed(request: EmbedRequest) {
  const length = request.dimensions ?? EMBEDDING_SIZE;
  if (length < 1 || length > EMBEDDING_SIZE_MAX) {
    throw new ProvisoError('invalid_request', `At most ${EMBEDDING_SIZE_MAX} dimensions.`);
  }
  const embeddings = request.inputs.map((input) => {
    const codes = typeof input === 'string' ? Array.from(Buffer.from(input)) : input;
    const vector = Array.from({ length }, () => 0);
    for (const [i, code] of codes.entries()) {
      vector[i % vector.length] = (vector[i % vector.length] ?? 0) + code / 1000;
    }
    return vector;
  });
  const inputTokens = tokens(JSON.stringify(request.inputs));
  return { model: request.model, embeddings, inputTokens };
}
