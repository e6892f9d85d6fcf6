/** `proviso person` and `proviso token`, on a folder at rest and on a gateway that runs. */
import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { SoftwareAuthenticator } from '#people/software-authenticator.ts';
import { proviso, provisoJson, startGateway, temporaryFolder } from './run.ts';

test('before the first administrator the operator does it alone, with keys in files', async (t) => {
  const folder = temporaryFolder(t);
  const data = join(folder, 'data');
  const person = (...args: string[]) => provisoJson('person', ...args, '--data', data);
  const empty = await proviso('person', 'list', '--data', data);
  assert.match(empty.stdout, /Nobody yet/);
  const first = await person('invite', '--administrator');
  assert.match(first.document['invitation'], /^http:\/\/localhost:8787\/console\/invitation#pri_/);
  const again = await person('invite', '--administrator');
  assert.notEqual(again.document['invitation'], first.document['invitation']);
  const ada = await person('invite', 'Ada Example', '--roles', 'approver', '--teams', 'harbour');
  assert.deepEqual([ada.code, ada.document['isMade']], [0, true]);

  const file = join(folder, 'ada.pem');
  const { document: key } = await provisoJson('person', 'key', 'create', file);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.match(readFileSync(file, 'utf8'), /^-----BEGIN PRIVATE KEY-----/);
  assert.equal((await proviso('person', 'key', 'create', file)).code, 1);
  const added = await person('key', 'add', 'Ada Example', key['publicKey']);
  assert.equal(added.document['isMade'], true);

  const { document } = await person('list');
  const [administrator, approver] = document['people'];
  assert.deepEqual([administrator.state, administrator.roles], ['invited', ['administrator']]);
  assert.deepEqual(
    [approver.state, approver.roles, approver.teams, approver.credentials[0].id],
    ['active', ['approver'], ['harbour'], key['id']],
  );
  const table = await proviso('person', 'list', '--data', data);
  assert.match(table.stdout, /^per_\w{12} +active +Ada Example +approver +harbour +local key /m);
  assert.equal((await person('remove', 'Nobody')).code, 3);
});

test('afterwards the operator proposes, and an administrator signs with a key', async (t) => {
  const folder = temporaryFolder(t);
  const data = join(folder, 'data');
  const person = (...args: string[]) => provisoJson('person', ...args, '--data', data);
  await person('invite', 'Ada Example', '--roles', 'administrator');
  const file = join(folder, 'ada.pem');
  const { document: key } = await provisoJson('person', 'key', 'create', file);
  // With a key of hers Ada can sign: from here on the operator is one of two at most.
  await person('key', 'add', 'Ada Example', key['publicKey']);
  const proposed = await person('invite', 'Ben Example', '--roles', 'auditor');
  assert.deepEqual([proposed.document['isMade'], proposed.document['signatures']], [false, 0]);
  const { document: open } = await person('changes');
  assert.equal(open['changes'].length, 1);
  const { change } = proposed.document;
  const alone = await person('sign', change);
  assert.deepEqual([alone.code, alone.document['error'].code], [2, 'role_required']);
  const signed = await person('sign', change, '--key', file);
  assert.deepEqual([signed.code, signed.document['isMade']], [0, true]);
  assert.match(signed.document['invitation'], /#pri_/);
  assert.equal((await person('sign', change, '--key', file)).code, 3);

  const rise = await person('roles', 'Ben Example', 'administrator', '--key', file);
  assert.equal(rise.document['isMade'], false);
  const twice = await person('sign', rise.document['change'], '--key', file);
  assert.deepEqual([twice.code, twice.document['error'].code], [2, 'second_person_required']);
  assert.equal((await person('sign', rise.document['change'])).document['isMade'], true);
  const late = await person('invite', '--administrator');
  assert.deepEqual([late.code, late.document['error'].code], [2, 'second_person_required']);
  const removal = await person('remove', 'Ada Example', '--key', file);
  assert.equal(removal.code, 3);
});

test('a running gateway: its link lets the first administrator in, and tokens come and go', async (t) => {
  const data = join(temporaryFolder(t), 'data');
  const { ready } = await startGateway(t, ['--port', '0', '--data', data]);
  const link: string = ready['console'].firstAdministrator;
  const { origin } = new URL(link);
  const ask = async (path: string, body: object, headers = {}) => {
    const response = await fetch(`${origin}/api/v1/${path}`, {
      method: 'POST',
      headers: { origin, 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
    assert.equal(response.status, 200, path);
    return (await response.json()) as { id: string; options: { challenge: string } };
  };
  const invitation = link.slice(link.indexOf('#') + 1);
  const { id, options } = await ask('registration/challenge', { invitation });
  const authenticator = new SoftwareAuthenticator({ origin });
  const passkey = authenticator.register(options.challenge);
  const session = await ask('registration', { invitation, id, passkey });
  assert.deepEqual((session as object as { roles: string[] }).roles, ['administrator']);
  assert.equal((await provisoJson('person', 'invite', '--administrator', '--data', data)).code, 2);

  const wanted = ['nightly audit', '--roles', 'auditor', '--data', data];
  const made = await provisoJson('token', 'create', ...wanted);
  const { token } = made.document;
  const people = () =>
    fetch(`${ready['address']}/api/v1/people`, { headers: { authorization: `Bearer ${token}` } });
  assert.equal((await people()).status, 200);
  const wrong = await proviso('token', 'create', 'x', '--roles', 'approver', '--data', data);
  assert.equal(wrong.code, 3);
  assert.equal((await proviso('token', 'revoke', token, '--data', data)).code, 0);
  assert.equal((await people()).status, 401);
  const { document } = await provisoJson('token', 'list', '--data', data);
  assert.deepEqual(
    document['tokens'].map(({ name, state, by }: Record<string, string>) => [name, state, by]),
    [['nightly audit', 'revoked', 'operator']],
  );
  assert.ok(!JSON.stringify(document).includes(token));
});
