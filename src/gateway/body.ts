/** Reads a request's body: JSON only, bounded, and nothing of it kept but the parsed value. */
import type { IncomingMessage } from 'node:http';
import { ProvisoError } from '#base/errors.ts';
import { isObject, type JsonObject, parseJson } from '#base/json.ts';
import type { Limits } from '#base/limits.ts';

/** @throws ProvisoError `unsupported_media_type`, `body_too_large`, `invalid_json`, `duplicate_key` */
export async function readBody(request: IncomingMessage, limits: Limits): Promise<JsonObject> {
  requireJson(request);
  const value = parseJson(await readBytes(request, limits.bodyBytesMax));
  if (isObject(value)) return value;
  throw new ProvisoError('invalid_request', 'The body must be a JSON object.');
}

function requireJson({ headers }: IncomingMessage): void {
  const type = headers['content-type'] ?? '';
  if (type !== 'application/json') requireJsonType(type);
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity') {
    throw new ProvisoError(
      'unsupported_media_type',
      `Send the body without the content encoding \`${encoding}\`.`,
    );
  }
}

function requireJsonType(type: string): void {
  const [name = '', ...parameters] = type.split(';');
  if (name.trim().toLowerCase() !== 'application/json') {
    throw new ProvisoError(
      'unsupported_media_type',
      `The content type must be \`application/json\`, not \`${type}\`.`,
    );
  }
  for (const parameter of parameters) {
    const charset = /^\s*charset\s*=\s*["']?(.*?)["']?\s*$/i.exec(parameter)?.[1];
    if (charset !== undefined && charset.toLowerCase() !== 'utf-8') {
      throw new ProvisoError(
        'unsupported_media_type',
        `The charset must be UTF-8, not \`${charset}\`.`,
      );
    }
  }
}

function readBytes(request: IncomingMessage, bytesMax: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const tooLarge = () => {
      reject(
        new ProvisoError('body_too_large', `The body is larger than ${bytesMax} bytes.`, {
          facts: { bodyBytesMax: bytesMax },
        }),
      );
      // What still comes is read away by the server, which then closes the connection.
      request.removeAllListeners('data');
      request.resume();
    };
    if (Number(request.headers['content-length'] ?? 0) > bytesMax) return tooLarge();
    let first: Buffer | undefined;
    let more: Buffer[] | undefined;
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > bytesMax) return tooLarge();
      if (first === undefined) first = chunk;
      else if (more === undefined) more = [first, chunk];
      else more.push(chunk);
    });
    request.on('end', () => resolve(more ? Buffer.concat(more) : (first ?? Buffer.alloc(0))));
    request.on('error', (cause) =>
      reject(new ProvisoError('invalid_json', 'The request broke off.', { cause })),
    );
  });
}
