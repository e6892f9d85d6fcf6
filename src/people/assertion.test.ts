import assert from 'node:assert/strict';
import { createPrivateKey, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { type Assertion, verifyAssertion } from './assertion.ts';
import type { Passkey } from './credential.ts';
import { createLocalKey, localKeyOf, openLocalKey } from './local-key.ts';
import { verifyRegistration } from './registration.ts';
import { type Behaviour, SoftwareAuthenticator } from './software-authenticator.ts';

const ORIGIN = 'https://proviso.example.org';
const PARTY = { id: 'proviso.example.org', origins: [ORIGIN] };

async function passkey(counter = 0): Promise<[SoftwareAuthenticator, Passkey]> {
  const authenticator = new SoftwareAuthenticator({ origin: ORIGIN }, counter);
  const challenge = randomBytes(32);
  const made = authenticator.register(challenge.toString('base64url'));
  return [authenticator, await verifyRegistration(challenge, made, PARTY)];
}

async function refusal(work: Promise<unknown>): Promise<string> {
  const thrown = await work.then(
    () => assert.fail('was not refused'),
    (error: unknown) => error as Error & { code: string },
  );
  assert.equal(thrown.code, 'assertion_invalid', String(thrown));
  return thrown.message;
}

test('a passkey that was registered signs a challenge', async () => {
  const [authenticator, key] = await passkey();
  const challenge = randomBytes(32);
  const signed = authenticator.sign(challenge.toString('base64url'));
  assert.deepEqual(await verifyAssertion(key, challenge, signed, PARTY), {
    credential: key.id,
    counter: 0,
  });
});

const WRONG: readonly (readonly [string, Partial<Behaviour>, RegExp])[] = [
  ['another origin', { origin: 'https://proviso.example.net' }, /another page/],
  ['a port of the same host', { origin: `${ORIGIN}:8443` }, /another page/],
  ['plain http', { origin: 'http://proviso.example.org' }, /another page/],
  ['another RP ID', { rpId: 'example.org' }, /another site/],
  ['a person who was not verified', { isVerified: false }, /without verifying/],
  ['nobody present', { isPresent: false }, /nobody|anybody/],
  ['a page within another site’s', { crossOrigin: true }, /within a page of another site/],
  ['a registration in the place of an assertion', { type: 'webauthn.create' }, /no WebAuthn/],
];

for (const [what, behaviour, words] of WRONG) {
  test(`INVARIANT (6): no signature with ${what}`, async () => {
    const [authenticator, key] = await passkey();
    const challenge = randomBytes(32);
    const signed = authenticator.sign(challenge.toString('base64url'), behaviour);
    assert.match(await refusal(verifyAssertion(key, challenge, signed, PARTY)), words);
    // The same key signs well, so that nothing else was wrong.
    const good = authenticator.sign(challenge.toString('base64url'));
    await verifyAssertion(key, challenge, good, PARTY);
  });

  test(`no registration with ${what}`, async () => {
    const authenticator = new SoftwareAuthenticator({ origin: ORIGIN });
    const challenge = randomBytes(32);
    const type = 'type' in behaviour ? { type: 'webauthn.get' } : {};
    const made = authenticator.register(challenge.toString('base64url'), { ...behaviour, ...type });
    await refusal(verifyRegistration(challenge, made, PARTY));
  });
}

test('INVARIANT (6): a signature over another challenge is none', async () => {
  const [authenticator, key] = await passkey();
  const signed = authenticator.sign(randomBytes(32).toString('base64url'));
  const words = await refusal(verifyAssertion(key, randomBytes(32), signed, PARTY));
  assert.match(words, /another challenge/);
});

test('a signature or what is signed, changed in one bit, is none', async () => {
  const [authenticator, key] = await passkey();
  const challenge = randomBytes(32);
  const signed = authenticator.sign(challenge.toString('base64url'));
  for (const part of ['signature', 'authenticatorData', 'clientDataJSON'] as const) {
    const bytes = Buffer.from(signed[part], 'base64url');
    // The library reads the DER around a signature's two numbers leniently; the second is the end.
    for (let at = part === 'signature' ? bytes.length - 30 : 0; at < bytes.length; at++) {
      bytes[at] = (bytes[at] ?? 0) ^ 1;
      const changed = { ...signed, [part]: bytes.toString('base64url') };
      await refusal(verifyAssertion(key, challenge, changed, PARTY));
      bytes[at] = (bytes[at] ?? 0) ^ 1;
    }
  }
});

test('a key signs only for itself', async () => {
  const [authenticator, key] = await passkey();
  const [, other] = await passkey();
  const challenge = randomBytes(32);
  const signed = authenticator.sign(challenge.toString('base64url'));
  await refusal(verifyAssertion(other, challenge, signed, PARTY));
  const renamed = { ...signed, credential: other.id };
  await refusal(verifyAssertion(other, challenge, renamed, PARTY));
  await refusal(verifyAssertion({ ...key, publicKey: other.publicKey }, challenge, signed, PARTY));
});

test('a counter must go on, unless the authenticator does not count', async () => {
  const [authenticator, key] = await passkey(5);
  assert.equal(key.counter, 5);
  const challenge = randomBytes(32);
  const signed = authenticator.sign(challenge.toString('base64url'));
  const { counter } = await verifyAssertion(key, challenge, signed, PARTY);
  assert.equal(counter, 6);
  for (const seen of [6, 7]) {
    const words = await refusal(
      verifyAssertion({ ...key, counter: seen }, challenge, signed, PARTY),
    );
    assert.match(words, /counter/);
  }
  authenticator.counter = -1;
  const reset = authenticator.sign(challenge.toString('base64url'));
  await refusal(verifyAssertion(key, challenge, reset, PARTY));
});

test('a local key signs what the spec says', async () => {
  const spec = readFileSync(new URL('../../docs/spec/people.md', import.meta.url), 'utf8');
  const [, seed = '', publicKey = '', id = '', signature = ''] =
    /seed `(\w+)`\s+has the public key `([\w-]+)` and the ID\s+`([\w-]+)`.*\s*`([\w-]+)`/.exec(
      spec.slice(spec.indexOf('Vector for a local key')),
    ) ?? [];
  const pkcs8 = Buffer.concat([
    Buffer.from('302e020100300506032b657004220420', 'hex'),
    Buffer.from(seed, 'hex'),
  ]);
  const secret = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });
  const signer = openLocalKey(secret.export({ format: 'pem', type: 'pkcs8' }).toString());
  assert.deepEqual(signer.key, { kind: 'local-key', id, publicKey });
  const challenge = Buffer.alloc(32, 7);
  const signed = { kind: 'local-key', credential: id, signature } as const;
  assert.deepEqual(signer.sign(challenge), signed);
  await verifyAssertion(signer.key, challenge, signed, PARTY);
});

test('a local key’s signature is bound to key, challenge, domain and kind', async () => {
  const signer = openLocalKey(createLocalKey());
  const challenge = randomBytes(32);
  const signed = signer.sign(challenge);
  await verifyAssertion(signer.key, challenge, signed, PARTY);
  await refusal(verifyAssertion(signer.key, randomBytes(32), signed, PARTY));
  const other = openLocalKey(createLocalKey());
  const byOther: Assertion = { ...other.sign(challenge), credential: signer.key.id };
  await refusal(verifyAssertion(signer.key, challenge, byOther, PARTY));
  const [authenticator, key] = await passkey();
  const mixed = {
    ...authenticator.sign(challenge.toString('base64url')),
    credential: signer.key.id,
  };
  await refusal(verifyAssertion(signer.key, challenge, mixed, PARTY));
  await refusal(verifyAssertion({ ...key, id: signer.key.id }, challenge, signed, PARTY));
  assert.equal(localKeyOf(signer.key.publicKey).id, signer.key.id);
});

test('a file that is no Ed25519 key is refused', () => {
  for (const text of ['', 'secret', createLocalKey().replace(/[A-Za-z]{8}/, '')]) {
    assert.throws(() => openLocalKey(text), { code: 'invalid_request' });
  }
});
