/**
 * A witness over HTTP, at the paths of C2SP tlog-witness (https://c2sp.org/tlog-witness):
 *
 *   POST /add-checkpoint                       → cosignatures
 *   GET  /<SHA-256 of the origin>/checkpoint   → the newest checkpoint that was cosigned
 *
 * Anyone may ask; only what a known log signed is remembered.
 */

import { join } from 'node:path';
import rateLimit from '@fastify/rate-limit';
import fastify from 'fastify';
import type { Logger } from 'pino';
import { systemClock } from '#base/clock.ts';
import type { NoteVerifier } from '#base/note.ts';
import type { Algorithm } from '#base/note-key.ts';
import { nodeDisk, replaceFile } from '#ledger/disk.ts';
import { ADD_CHECKPOINT_BYTES_MAX } from './add-checkpoint.ts';
import { CosignedHeads } from './heads.ts';
import { loadCosigners } from './keys.ts';
import { encodeSplitView, findSplitView } from './split-view.ts';
import { originOf, Witness } from './witness.ts';

export interface WitnessSettings {
  readonly name: string;
  readonly dir: string;
  readonly listen: { readonly host: string; readonly port: number };
  readonly logs: readonly string[];
  readonly signatures: readonly Algorithm[];
  readonly requestsPerMinuteMax: number;
}

export interface WitnessServer {
  /** `http://host:port` */
  readonly address: string;
  /** For the policies of those who rely on it. */
  readonly verifierKeys: readonly string[];
  close(): Promise<void>;
}

/** A request is small, and so is what it takes to send it. */
const REQUEST_WAIT_MS_MAX = 10_000;
const CONNECTIONS_MAX = 1_000;

/** @throws `config_invalid`, `note_invalid` */
export async function serveWitness(
  settings: WitnessSettings,
  logger: Logger,
): Promise<WitnessServer> {
  const { dir, name, logs, signatures, listen } = settings;
  const cosigners = await loadCosigners(dir, name, signatures);
  const heads = await CosignedHeads.open(dir);
  const onSplitView = (log: NoteVerifier, notes: readonly [string, string]): void => {
    keepEvidence(dir, log, notes, logger).catch((err: unknown) => {
      logger.error({ err }, 'evidence cannot be written');
    });
  };
  try {
    const witness = new Witness({ logs, cosigners, heads, clock: systemClock, onSplitView });
    const app = await appOf(witness, settings, logger);
    const address = await app.listen(listen);
    return {
      address,
      verifierKeys: cosigners.map(({ verifier }) => verifier.text),
      async close() {
        await app.close();
        heads.close();
      },
    };
  } catch (error) {
    heads.close();
    throw error;
  }
}

async function appOf(witness: Witness, settings: WitnessSettings, logger: Logger) {
  const app = fastify({
    bodyLimit: ADD_CHECKPOINT_BYTES_MAX,
    requestTimeout: REQUEST_WAIT_MS_MAX,
    forceCloseConnections: 'idle',
  });
  app.server.maxConnections = CONNECTIONS_MAX;
  await app.register(rateLimit, { max: settings.requestsPerMinuteMax, timeWindow: 60_000 });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  app.setErrorHandler((thrown, _request, reply) => {
    const { statusCode = 500, message } = thrown as { statusCode?: number; message: string };
    if (statusCode >= 500) logger.error({ err: thrown }, 'the witness failed');
    // What failed is for the log; a limit that was passed is for the client.
    return reply
      .code(statusCode)
      .type('text/plain')
      .send(`${statusCode < 500 ? message : 'failed'}\n`);
  });
  app.post('/add-checkpoint', (request, reply) => {
    const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
    const answer = witness.addCheckpoint(body);
    logger.debug({ status: answer.status }, 'add-checkpoint');
    return reply.code(answer.status).type(answer.contentType).send(answer.body);
  });
  app.get<{ Params: { hash: string } }>('/:hash/checkpoint', ({ params }, reply) => {
    const checkpoint = witness.checkpointOf(params.hash);
    if (checkpoint === undefined) return reply.code(404).type('text/plain').send('none\n');
    return reply
      .type('text/plain; charset=utf-8')
      .header('cache-control', 'no-cache')
      .send(checkpoint);
  });
  return app;
}

/** The first for each log: it says all that there is to say. */
async function keepEvidence(
  dir: string,
  log: NoteVerifier,
  notes: readonly [string, string],
  logger: Logger,
): Promise<void> {
  const folder = join(dir, 'evidence');
  const path = join(folder, `${originOf(log.name).hash}.json`);
  const view = await findSplitView(log, notes, () => Promise.resolve([]));
  if (!view) return;
  logger.error({ log: log.name, evidence: path }, 'a log signed two heads of one size');
  if (await nodeDisk.read(path)) return;
  await nodeDisk.makeFolder(folder);
  await replaceFile(nodeDisk, path, Buffer.from(encodeSplitView(view)));
}
