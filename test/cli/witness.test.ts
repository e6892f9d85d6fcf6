/** `proviso witness`, `ledger monitor` and `ledger evidence`, as processes, from the first start on. */
import assert from 'node:assert/strict';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import {
  type Document,
  launch,
  proviso,
  provisoJson,
  startGateway,
  temporaryFolder,
  until,
} from './run.ts';

const LOG = 'proviso.example.org/harbour';

test('a witness and a gateway as processes, and a monitor that sees the log fork', async (t) => {
  const folder = temporaryFolder(t);
  const config = join(folder, 'proviso.yaml');
  const data = join(folder, 'proviso-data');
  writeFileSync(config, `listen: { port: 0 }\nledger: { origin: ${LOG} }\n`);
  assert.equal((await proviso('key', 'create', 'first', '--owner', 'o', '-c', config)).code, 0);
  cpSync(data, join(folder, 'copy'), { recursive: true });
  const key = readFileSync(join(data, 'ledger/keys/ledger.pub'), 'utf8').trim();

  const witness = await startWitness(t, ['--dir', join(folder, 'w'), '--log', key]);
  assert.deepEqual(witness.ready['logs'], [LOG]);
  assert.equal(witness.ready['verifierKeys'].length, 2);
  const policy = join(folder, 'policy.txt');
  const { address, verifierKeys } = witness.ready;
  writeFileSync(policy, `witness customs ${verifierKeys[0]} ${address}/\nquorum customs\n`);
  writeFileSync(
    config,
    `listen: { port: 0 }\nledger: { origin: ${LOG}, witnesses: { policy: policy.txt, askMs: 200 } }\n`,
  );
  const gateway = await startGateway(t, ['-c', config]);
  const url = `${gateway.ready['address']}/ledger/`;
  const monitor = (...more: string[]) =>
    provisoJson('ledger', 'monitor', url, '--key', key, '--dir', join(folder, 'm'), ...more);
  await until(async () => (await monitor('--once', '--policy', policy)).code === 0);
  const first = await monitor('--once', '--policy', policy);
  assert.equal(first.document['isConsistent'], true);
  assert.deepEqual(first.document['witnesses'], ['customs']);
  const doctor = await provisoJson('doctor', '-c', config);
  const [policyFinding, witnessFinding] = (doctor.document['findings'] as Document[]).filter(
    ({ area }) => area === 'witness',
  );
  assert.match(policyFinding?.['message'], /quorum customs$/);
  assert.match(witnessFinding?.['message'], /^customs has cosigned \d+ entries$/);
  assert.equal(await gateway.end(), 0);
  assert.match(gateway.log(), /Stopped: every open call has ended/);

  const show = await provisoJson('witness', 'show', '--dir', join(folder, 'w'), ...NAMED);
  const [seen] = show.document['logs'] as { origin: string; size: number }[];
  assert.equal(seen?.origin, LOG);
  assert.ok((seen?.size ?? 0) >= (first.document['size'] as number));
  assert.equal(await witness.end(), 0);

  // A copy of the folder, from before, goes on in its own way, with the same key.
  writeFileSync(config, `listen: { port: 0 }\nledger: { origin: ${LOG} }\n`);
  const second = await startGateway(t, ['-c', config, '-d', join(folder, 'copy')]);
  const at = `${second.ready['address']}/ledger/`;
  const m = join(folder, 'm');
  const forked = await provisoJson('ledger', 'monitor', at, '--key', key, '--once', '--dir', m);
  await second.end();
  assert.equal(forked.code, 2);
  assert.equal(forked.document['finding'], 'split_view');
  const evidence = forked.document['evidence'] as string;
  const proven = await provisoJson('ledger', 'evidence', evidence, '--key', key);
  assert.deepEqual([proven.code, proven.document['isShown']], [0, true]);
  const words = await proviso('ledger', 'evidence', evidence);
  assert.match(words.stdout, /shown: this key signed two logs, if that key is the log’s/);
  writeFileSync(evidence, readFileSync(evidence, 'utf8').replace('split-view', 'split'));
  assert.equal((await proviso('ledger', 'evidence', evidence)).code, 2);
});

test('what is not given rightly exits with 3, and what cannot be reached with 1', async (t) => {
  const folder = temporaryFolder(t);
  const key = 'example.com/log+d455c521+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4';
  const serve = ['witness', 'serve', '--dir', folder];
  const monitor = ['ledger', 'monitor', '--dir', folder, '--once'];
  const none = join(folder, 'none');
  const url = 'http://127.0.0.1:1/';
  const cases: readonly (readonly [code: number, error: string, args: readonly string[]])[] = [
    [3, 'usage_invalid', serve],
    [3, 'usage_invalid', serve.concat(NAMED)],
    [3, 'note_invalid', serve.concat(NAMED, '--log', 'x')],
    [3, 'note_invalid', monitor.concat(url, '--key', 'x')],
    [3, 'usage_invalid', monitor.concat('example.com', '--key', key)],
    [3, 'policy_invalid', monitor.concat(url, '--key', key, '--policy', none)],
    [1, 'log_unreachable', monitor.concat(url, '--key', key)],
    [1, 'system_failed', ['ledger', 'evidence', none]],
  ];
  for (const [code, error, args] of cases) {
    const ran = await provisoJson(...args);
    assert.deepEqual([ran.code, ran.document['error'].code], [code, error], args.join(' '));
  }
});

const NAMED = ['--name', 'witness.example.org/customs'];

async function startWitness(t: TestContext, args: readonly string[]) {
  const child = launch(['witness', 'serve', '--json', '--port', '0', ...NAMED, ...args]);
  t.after(() => child.kill('SIGKILL'));
  let stdout = '';
  const ready = await new Promise<Document>((resolve, reject) => {
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString();
      if (stdout.endsWith('\n}\n')) resolve(JSON.parse(stdout) as Document);
    });
    child.once('exit', (code) => reject(new Error(`the witness ended with ${code}: ${stdout}`)));
  });
  const end = () =>
    new Promise<number | null>((resolve) => {
      child.once('exit', resolve);
      child.kill('SIGTERM');
    });
  return { ready, end };
}
