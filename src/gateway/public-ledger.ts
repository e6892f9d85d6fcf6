/**
 * The log for anyone, read-only and without a key, on the gateway's own port below `ledger.prefix`,
 * at the paths of C2SP tlog-tiles (https://c2sp.org/tlog-tiles): checkpoint, tiles, entry bundles.
 * What stands there are public facts and salted commitments; docs/spec/witness.md says which.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { asProvisoError, ProvisoError } from '#base/errors.ts';
import { readPublicFile, WITNESSED_FILE } from '#ledger/public-files.ts';
import type { Gateway } from './gateway.ts';
import type { Mount } from './server.ts';

/** Served while the configuration in force says so. */
export function publicLedger(gateway: Gateway): Mount {
  return {
    has: (url) => gateway.config.ledger.serve && url.startsWith(gateway.config.ledger.prefix),
    handle(request, response) {
      request.resume();
      answer(gateway, request, response).catch((thrown: unknown) => {
        refuse(gateway, shownToAnyone(asProvisoError(thrown), gateway), response);
      });
    },
  };
}

async function answer(
  gateway: Gateway,
  { method, url = '' }: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (method !== 'GET' && method !== 'HEAD') {
    response.setHeader('allow', 'GET, HEAD');
    throw new ProvisoError('method_not_allowed', 'The log can be read, and nothing else.');
  }
  const [path = ''] = url.slice(gateway.config.ledger.prefix.length).split('?');
  const head = gateway.witnessing ? WITNESSED_FILE : 'checkpoint';
  const file = await readPublicFile(gateway.ledger.dir, path, head);
  if (!file) throw new ProvisoError('not_found', 'The log has no such file, or not yet.');
  response.writeHead(200, {
    'content-type': file.contentType,
    'content-length': file.bytes.length,
    'cache-control': file.cacheControl,
  });
  response.end(file.bytes);
  // A caller that reads nothing holds nothing.
  if (response.writableLength > 0) {
    response.socket?.setTimeout(gateway.config.limits.streamIdleMsMax);
  }
}

/** What is wrong with the folder is for the operator: its paths are nobody else's. */
function shownToAnyone(error: ProvisoError, { log }: Gateway): ProvisoError {
  const { code } = error;
  if (code === 'not_found' || code === 'method_not_allowed') return error;
  if (code === 'entry_archived') {
    return new ProvisoError(code, 'These entries were moved to an archive.');
  }
  log.error({ err: error, code }, 'a file of the log cannot be served');
  return new ProvisoError(code, 'The log cannot be read here at the moment.');
}

function refuse(gateway: Gateway, error: ProvisoError, response: ServerResponse): void {
  gateway.metrics.erred(error.code);
  if (response.headersSent) return void response.destroy();
  const body = JSON.stringify({ error: { code: error.code, message: error.publicMessage } });
  response.writeHead(error.status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-cache',
    'proviso-code': error.code,
  });
  response.end(body);
}
