import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pino } from 'pino';
import { parseConfig } from '#config/load.ts';
import { createCallerKey, endPurpose, registerPurpose, revokeCallerKey } from './changes.ts';
import { Gateway } from './gateway.ts';

const CALLER = {
  owner: 'clerk',
  organisation: 'example',
  teams: [],
  clearance: 0,
  purposes: [],
};

test('INVARIANT (13): no change is lost to a configuration that is read again meanwhile', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'proviso-changes-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const config = parseConfig(`dataDir: ${folder}`, '/proviso.yaml', {});
  const gateway = await Gateway.open(config, { log: pino({ level: 'silent' }) });
  t.after(() => gateway.close());
  const make = (n: number) => createCallerKey(gateway, { ...CALLER, id: `caller-${n}` });
  const made = await Promise.all(Array.from({ length: 20 }, (_, n) => make(n)));
  let isReloading = true;
  const reloaded = gateway.reload(config).finally(() => {
    isReloading = false;
  });
  const meanwhile: ReturnType<typeof make>[] = [];
  while (isReloading && meanwhile.length < 50) {
    meanwhile.push(make(made.length + meanwhile.length));
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await reloaded;
  made.push(...(await Promise.all(meanwhile)));
  assert.ok(meanwhile.length > 0);
  assert.deepEqual(
    gateway.callers.list().map(({ keyId }) => keyId),
    made.map(({ id }) => id),
  );
});

test('what is not there cannot be ended, and the ledger says nothing of it', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'proviso-changes-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const config = parseConfig(`dataDir: ${folder}`, '/proviso.yaml', {});
  const gateway = await Gateway.open(config, { log: pino({ level: 'silent' }) });
  t.after(() => gateway.close());
  const { size } = gateway.ledger;
  await assert.rejects(revokeCallerKey(gateway, '000000000000'), { code: 'caller_unknown' });
  await assert.rejects(endPurpose(gateway, 'none', 0), { code: 'purpose_unknown' });
  assert.equal(gateway.ledger.size, size);
  const purpose = { id: 'p', title: 't', owner: 'o', authority: 'a', dataClasses: [], allows: [] };
  await registerPurpose(gateway, { ...purpose, callers: ['*'], teams: [] });
  await endPurpose(gateway, 'p', 5);
  assert.equal(gateway.purposes.find('p')?.endsAt, 5);
  assert.equal(gateway.ledger.size, size + 2);
});
