import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { stringify } from 'yaml';
import { parseConfig } from '#config/load.ts';
import { configuredMasterKey } from './master-key.ts';

const KEY = Buffer.alloc(32, 7);
const folder = mkdtempSync(join(tmpdir(), 'proviso-master-key-'));
after(() => rmSync(folder, { recursive: true }));

const configWith = (masterKey: object, env: Readonly<Record<string, string>> = {}) =>
  parseConfig(stringify({ ledger: { masterKey } }), join(folder, 'proviso.yaml'), env);

/** What a key management service's program might do: it is given a wrapped key, and prints the key. */
const UNWRAP = `process.stdin.on('data', (wrapped) => {
  const key = Buffer.from(wrapped.toString(), 'hex').map((byte) => byte ^ 0xff);
  console.log(Buffer.from(key).toString('base64'));
})`;

test('the key comes from a file, the environment or a command', async () => {
  const base64 = KEY.toString('base64');
  writeFileSync(join(folder, 'key'), `${base64}\n`);
  const wrapped = Buffer.from(KEY.map((byte) => byte ^ 0xff)).toString('hex');
  writeFileSync(join(folder, 'wrapped'), wrapped);
  const print = [process.execPath, '-e', `console.log('${base64}')`];
  for (const config of [
    configWith({ file: 'key' }),
    configWith({ env: 'VAULT_KEY' }, { VAULT_KEY: base64 }),
    configWith({ command: print }),
    configWith({ command: [process.execPath, '-e', UNWRAP], wrapped: 'wrapped' }),
  ]) {
    assert.deepEqual(await configuredMasterKey(config), KEY);
  }
  assert.equal(await configuredMasterKey(parseConfig('', 'proviso.yaml', {})), undefined);
});

test('a command that fails, prints no key or does not exist stops the start, and says which', async () => {
  const node = process.execPath;
  for (const [command, message] of [
    [[node, '-e', 'process.exit(3)'], /ended with 3/],
    [[node, '-e', 'console.log("no key")'], /not base64 of 32 bytes/],
    [[node, '-e', 'process.stdout.write("x".repeat(1e6))'], /ended with SIGTERM|not base64/],
    [[join(folder, 'nowhere')], /did not start \(ENOENT\)/],
  ] as const) {
    const failing = configuredMasterKey(configWith({ command }));
    await assert.rejects(failing, { code: 'vault_unreadable', message });
  }
});

test('the configuration names one place, and never the key', () => {
  for (const wrong of [
    {},
    { file: 'key', env: 'VAULT_KEY' },
    { file: 'key', wrapped: 'wrapped' },
    { command: [] },
    { key: KEY.toString('base64') },
  ]) {
    assert.throws(() => configWith(wrong), { code: 'config_invalid' }, JSON.stringify(wrong));
  }
});
