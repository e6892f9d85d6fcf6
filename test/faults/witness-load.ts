/**
 * A witness as a process, to be killed: `node witness-load.ts DIR SIGNER_KEY serve` serves it, and
 * prints its address; `… ask COUNT` asks it itself, with the heads of a log that forks, and prints
 * `<size> <root, hex>` for each of COUNT that was cosigned, once the cosignature is there and never before.
 */
import { writeSync } from 'node:fs';
import { pino } from 'pino';
import { parseSignerKey } from '#base/note.ts';
import { CosignedHeads } from '#witness/heads.ts';
import { loadCosigners } from '#witness/keys.ts';
import { serveWitness } from '#witness/server.ts';
import { Witness } from '#witness/witness.ts';
import { forkedLog } from './forked-log.ts';

const [dir = '', key = '', mode, count = '0'] = process.argv.slice(2);
const signer = parseSignerKey(key);
const name = 'witness.example.org/kill';
if (mode === 'serve') {
  const settings = {
    name,
    dir,
    listen: { host: '127.0.0.1', port: 0 },
    logs: [signer.verifier.text],
    signatures: ['ed25519'],
    requestsPerMinuteMax: 1_000_000,
  } as const;
  const { address } = await serveWitness(settings, pino({ level: 'silent' }));
  writeSync(1, `${address}\n`);
} else {
  const heads = await CosignedHeads.open(dir);
  const witness = new Witness({
    logs: [signer.verifier.text],
    cosigners: await loadCosigners(dir, name, ['ed25519']),
    heads,
    clock: { now: Date.now },
    onSplitView: () => undefined,
  });
  writeSync(1, 'ready\n');
  const log = forkedLog(signer);
  for (let old = 0, left = Number(count); left > 0; ) {
    const asked = log.next(old);
    if (!asked) break;
    const { status, body } = witness.addCheckpoint(asked.request);
    if (status === 409) old = Number(body);
    if (status !== 200) continue;
    writeSync(1, `${asked.size} ${asked.root}\n`);
    old = asked.size;
    left--;
  }
}
