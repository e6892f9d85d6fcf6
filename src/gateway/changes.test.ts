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
  const made: Promise<{ readonly id: string }>[] = [];
  const reloaded: Promise<void>[] = [];
  for (let i = 0; i < 8; i++) {
    reloaded.push(gateway.reload(config));
    made.push(createCallerKey(gateway, { ...CALLER, id: `caller-${i}` }));
    await new Promise((resolve) => setTimeout(resolve, i));
  }
  const ids = (await Promise.all(made)).map(({ id }) => id);
  await Promise.all(reloaded);
  assert.deepEqual(
    gateway.callers.list().map(({ keyId }) => keyId),
    ids,
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
