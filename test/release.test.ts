/** `proviso/release`, as an executor imports it: what it takes, and everything that it refuses. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  canonicalJson,
  type Expected,
  ReleaseError,
  type SeenStore,
  verifyRelease,
} from 'proviso/release';
import { canonicalJson as canonicalHere, type JsonValue } from '#base/json.ts';

interface Vectors {
  readonly release: {
    readonly key: { readonly x: string; readonly kid: string };
    readonly token: string;
    readonly claims: object;
    readonly expected: Pick<Expected, 'issuer' | 'tool' | 'arguments' | 'now'>;
  };
  readonly invalidReleases: readonly {
    readonly why: string;
    readonly code: string;
    readonly token: string;
    readonly expected?: Partial<Expected>;
  }[];
}

const path = new URL('../docs/spec/vectors/oversight.json', import.meta.url);
const { release, invalidReleases } = JSON.parse(readFileSync(path, 'utf8')) as Vectors;
const { token, claims } = release;
const keys = [{ kty: 'OKP', crv: 'Ed25519', x: release.key.x }];

function newStore(): SeenStore {
  const used = new Set<string>();
  return { add: (id) => !used.has(id) && used.add(id) !== undefined };
}

/** All that the vector is for, and what the test changes. */
function given(change: Partial<Expected> = {}): Expected {
  return { keys, seen: newStore(), ...release.expected, ...change };
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  const thrown = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  return thrown instanceof ReleaseError ? thrown.code : String(thrown);
}

test('a release is taken once, and gives the arguments that were signed', async () => {
  const expected = given();
  const verified = await verifyRelease(token, expected);
  assert.deepEqual(verified, { claims, arguments: release.expected.arguments });
  assert.notEqual(verified.arguments, release.expected.arguments);
  assert.equal(await codeOf(verifyRelease(token, expected)), 'used');
});

test('keys come as a list or as a JWK set', async () => {
  const other = { kty: 'OKP', crv: 'Ed25519', x: 'A'.repeat(43) };
  await verifyRelease(token, given({ keys: { keys: [{ kty: 'RSA' }, other, ...keys] } }));
  assert.equal(await codeOf(verifyRelease(token, given({ keys: [] }))), 'unknown_key');
});

for (const { why, code, token: wrong, expected } of invalidReleases) {
  test(`refused: ${why}`, async () => {
    const seen: SeenStore = { add: () => assert.fail('was kept as used') };
    assert.equal(await codeOf(verifyRelease(wrong, given({ seen, ...expected }))), code);
  });
}

test('no character of a token can be another one', async () => {
  for (let i = 0; i < token.length; i += 7) {
    const other = token[i] === 'A' ? 'B' : 'A';
    const changed = token.slice(0, i) + other + token.slice(i + 1);
    assert.notEqual(await codeOf(verifyRelease(changed, given())), 'undefined', `character ${i}`);
  }
});

test('only `true` is first use: a store that fails or says nothing refuses', async () => {
  for (const answer of [false, undefined, null, 1, 'true', {}]) {
    const seen = { add: () => answer } as object as SeenStore;
    assert.equal(
      await codeOf(verifyRelease(token, given({ seen }))),
      'used',
      JSON.stringify(answer),
    );
  }
  const seen: SeenStore = { add: () => Promise.reject(new Error('disk full')) };
  await assert.rejects(verifyRelease(token, given({ seen })), /disk full/);
});

test('two at once: one of them acts', async () => {
  const expected = given();
  const both = await Promise.allSettled([1, 2].map(() => verifyRelease(token, expected)));
  assert.deepEqual(both.map(({ status }) => status).toSorted(), ['fulfilled', 'rejected']);
});

test('an option that is missing is an error, and not one that does not matter', async () => {
  for (const name of ['keys', 'issuer', 'tool', 'seen'] as const) {
    const { [name]: _left, ...rest } = given();
    await assert.rejects(verifyRelease(token, rest as Expected), TypeError, name);
  }
  await assert.rejects(verifyRelease(token, given({ now: Number.NaN })), TypeError);
  const { arguments: _left, ...rest } = given();
  assert.equal(await codeOf(verifyRelease(token, rest as Expected)), 'not_json');
});

test('arguments that are no JSON are refused, and not passed over', async () => {
  class Gate {
    berth = 4;
  }
  const cases = [
    undefined,
    { a: undefined },
    [undefined],
    Array(2),
    Number.NaN,
    { a: Infinity },
    { a: 1n },
    () => 1,
    Symbol('a'),
    { a: '\ud83d' },
    { '\ud83d': 1 },
    new Date(0),
    new Map(),
    new Gate(),
    Object.create({ inherited: 1 }),
    { toJSON: () => ({ berth: 4 }) },
  ];
  for (const value of cases) {
    assert.equal(await codeOf(verifyRelease(token, given({ arguments: value }))), 'not_json');
  }
  let deep: unknown = 1;
  for (let i = 0; i < 10_000; i++) deep = [deep];
  assert.equal(await codeOf(verifyRelease(token, given({ arguments: deep }))), 'not_json');
});

test('arguments that change while they are verified change nothing', async () => {
  const args = structuredClone(release.expected.arguments) as { berth: number };
  const verifying = verifyRelease(token, given({ arguments: args }));
  args.berth = 5;
  const result = await verifying.catch((error: unknown) => error);
  if (result instanceof ReleaseError) assert.equal(result.code, 'wrong_arguments');
  else assert.deepEqual((result as { arguments: unknown }).arguments, release.expected.arguments);
});

test('canonical JSON is the same as the gateway’s', () => {
  const value = fc.jsonValue({ maxDepth: 4 }) as fc.Arbitrary<JsonValue>;
  fc.assert(
    fc.property(value, (json) => {
      assert.equal(canonicalJson(json), canonicalHere(json));
      assert.deepEqual(JSON.parse(canonicalJson(json)), JSON.parse(JSON.stringify(json)));
    }),
  );
});
