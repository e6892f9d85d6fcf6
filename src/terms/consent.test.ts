import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeSignerKey, type NoteSigner, parseSignerKey } from '#base/note.ts';
import { type Consent, consentOf } from './consent.ts';
import { manifest, smallPack } from './pack.example.ts';
import { type Pack, parsePack } from './pack.ts';
import { type Statement, signStatement } from './signature.ts';

const signer = (name: string): NoteSigner => parseSignerKey(makeSignerKey(name));
const [supplier, customer, spare] = [signer('supplier'), signer('customer'), signer('spare')];

type Keys = Readonly<Record<string, readonly NoteSigner[]>>;
const BOTH: Keys = { supplier: [supplier], customer: [customer] };

const REDLINES = `@id("never") @clause("forbidden")
forbid(principal, action, resource) when { context.persons > 99 };
@id("ours") @clause("forbidden") @parties("customer")
forbid(principal, action, resource) when { context.persons > 999 };
`;

/** @param title makes another pack of it */
function pack(keys: Keys, title = 'Terms'): Pack {
  const parties = Object.entries(keys).map(
    ([id, signers]) =>
      `  - { id: ${id}, name: The ${id}, keys: [${signers.map(({ verifier }) => `'${verifier.text}'`).join(', ')}] }\n`,
  );
  const text = manifest(`parties:\n${parties.join('')}`).replace('Small terms', title);
  const redLines = 'customer' in keys ? REDLINES : REDLINES.replace('customer', 'supplier');
  return parsePack(smallPack({ 'terms.yaml': text, 'redlines.cedar': redLines }), 'p');
}

let at = Date.UTC(2026, 0, 1);

function sign(
  party: string,
  { id, version, hash }: Pack,
  by: NoteSigner,
  releases?: Statement['releases'],
): string {
  return signStatement({ party, terms: { id, version, hash }, at: at++, releases }, by);
}

function consent(
  signed: Pack,
  inForce: Pack | undefined,
  notes: readonly string[],
  more: { used?: readonly string[]; releases?: readonly string[] } = {},
): Consent {
  return consentOf({
    pack: signed,
    inForce,
    files: notes.map((text, i) => ({ path: `signatures/${i}.sig`, text })),
    isUsed: ({ note }) => more.used?.includes(note) ?? false,
    releases: more.releases ?? [],
  });
}

const states = ({ seats }: Consent): readonly string[] =>
  seats.map(({ party, keysOf, state }) => `${party} (${keysOf}): ${state}`);

test('a pack whose parties name no keys needs nobody’s signature', () => {
  const { isComplete, seats, notes } = consent(pack({ supplier: [], customer: [] }), undefined, []);
  assert.deepEqual([isComplete, seats, notes], [true, [], []]);
});

test('each party signs with one of its keys', () => {
  const signed = pack({ supplier: [spare, supplier], customer: [customer] });
  const notes = [sign('supplier', signed, supplier), sign('customer', signed, customer)];
  const found = consent(signed, undefined, notes);
  assert.deepEqual(states(found), ['supplier (pack): signed', 'customer (pack): signed']);
  assert.equal(found.isComplete, true);
  assert.deepEqual(found.notes, notes.toSorted());
  assert.equal(consent(signed, undefined, notes.slice(1)).isComplete, false);
});

test('a signature that is not there, stale, used, forged or by another key does not count', () => {
  const signed = pack(BOTH);
  const mine = sign('customer', signed, customer);
  const good = sign('supplier', signed, supplier);
  const cases: readonly (readonly [state: string, note: string])[] = [
    ['missing', sign('customer', signed, supplier)],
    ['stale', sign('supplier', pack(BOTH, 'Other terms'), supplier)],
    ['used', good],
    ['invalid', good.replace(/at 2\d{3}/, 'at 2099')],
    ['unknown key', sign('supplier', signed, spare)],
    ['unknown key', sign('supplier', signed, signer('supplier'))],
  ];
  for (const [state, note] of cases) {
    const found = consent(signed, undefined, [mine, note], {
      used: state === 'used' ? [note] : [],
    });
    assert.equal(found.seats.find(({ party }) => party === 'supplier')?.state, state);
    assert.equal(found.isComplete, false, state);
    assert.equal(found.notes.includes(note), false, state);
  }
});

test('a signature that counts is found among those that do not', () => {
  const signed = pack(BOTH);
  const good = sign('supplier', signed, supplier);
  const other = sign('supplier', pack(BOTH, 'Other terms'), supplier);
  const mine = sign('customer', signed, customer);
  const found = consent(signed, undefined, [other, good, 'no note', mine]);
  assert.equal(found.isComplete, true);
  assert.deepEqual(
    found.strays.map(({ path }) => path),
    ['signatures/2.sig'],
  );
});

test('who holds one party’s key cannot sign for the other', () => {
  const signed = pack(BOTH);
  const notes = [sign('supplier', signed, supplier), sign('customer', signed, supplier)];
  assert.equal(consent(signed, undefined, notes).isComplete, false);
});

test('the parties of the version in force sign too, with the keys that it names', () => {
  const inForce = pack(BOTH);
  const swapped = pack({ ...BOTH, supplier: [spare] }, 'Other terms');
  const bySpare = sign('supplier', swapped, spare);
  const byCustomer = sign('customer', swapped, customer);
  const found = consent(swapped, inForce, [bySpare, byCustomer]);
  assert.deepEqual(states(found), [
    'supplier (pack): signed',
    'customer (pack): signed',
    'supplier (in force): unknown key',
    'customer (in force): signed',
  ]);
  assert.equal(found.isComplete, false);
  const withOld = consent(swapped, inForce, [
    bySpare,
    byCustomer,
    sign('supplier', swapped, supplier),
  ]);
  assert.equal(withOld.isComplete, true);
});

test('a version that drops a party, or all keys, needs that party’s signature', () => {
  const inForce = pack(BOTH);
  for (const dropped of [pack({ supplier: [supplier] }), pack({ supplier: [], customer: [] })]) {
    const bySupplier = sign('supplier', dropped, supplier);
    assert.equal(consent(dropped, inForce, [bySupplier]).isComplete, false);
    const byBoth = [bySupplier, sign('customer', dropped, customer)];
    assert.equal(consent(dropped, inForce, byBoth).isComplete, true);
  }
});

test('a red line is released by each party that is named for it, or by all', () => {
  const inForce = pack(BOTH);
  const next = pack(BOTH, 'Other terms');
  const releasing = (rules: readonly string[], from = inForce.hash) => ({ from, rules });
  const released = (s: Statement['releases'], c: Statement['releases']) => {
    const notes = [sign('supplier', next, supplier, s), sign('customer', next, customer, c)];
    const found = consent(next, inForce, notes);
    return [found.released.map(({ rule }) => rule), found.withheld.map(({ rule }) => rule)];
  };
  assert.deepEqual(released(undefined, undefined), [[], []]);
  assert.deepEqual(released(releasing(['never']), undefined), [[], ['never']]);
  assert.deepEqual(released(releasing(['never']), releasing(['never'])), [['never'], []]);
  // The customer's own: the supplier's word is not asked for, and is not enough.
  assert.deepEqual(released(undefined, releasing(['ours'])), [['ours'], []]);
  assert.deepEqual(released(releasing(['ours']), undefined), [[], []]);
  const elsewhere = releasing(['never'], next.hash);
  assert.deepEqual(released(releasing(['never']), elsewhere), [[], ['never']]);
});

test('the operator releases only where the version in force names no keys', () => {
  const open = pack({ supplier: [], customer: [] });
  const next = pack({ supplier: [], customer: [] }, 'Other terms');
  assert.deepEqual(consent(next, open, [], { releases: ['never'] }).released, [
    { rule: 'never', by: [] },
  ]);
  const signed = pack(BOTH);
  const found = consent(next, signed, [], { releases: ['never'] });
  assert.deepEqual(found.released, []);
  assert.deepEqual(found.withheld, [{ rule: 'never', missing: ['supplier', 'customer'] }]);
  assert.throws(() => consent(next, open, [], { releases: ['nevr'] }), { code: 'usage_invalid' });
});

test('keys and parties that cannot be meant are told with the pack', () => {
  const [a, b] = [supplier.verifier.text, customer.verifier.text];
  const cases: readonly (readonly [parties: string, redLines: string, problem: RegExp])[] = [
    [`[{ id: a, name: A, keys: ['${a}x'] }]`, '', /is not one that `proviso party key` prints/],
    [`[{ id: a, name: A, keys: ['${a}', '${a}'] }]`, '', /is given twice/],
    [`[{ id: a, name: A, keys: ['${a}'] }, { id: b, name: B, keys: ['${a}'] }]`, '', /twice/],
    [`[{ id: a, name: A }, { id: a, name: B }]`, '', /The party `a` is given twice/],
    [`[{ id: a, name: A, keys: ['${b}'] }]`, REDLINES, /The party `customer` in `@parties`/],
  ];
  for (const [parties, redLines, message] of cases) {
    const changed = { 'terms.yaml': manifest(`parties: ${parties}\n`), 'redlines.cedar': redLines };
    assert.throws(() => parsePack(smallPack(changed), 'p'), { code: 'terms_invalid', message });
  }
  const rule = '@id("open") @clause("open") @parties("a")\npermit(principal, action, resource);';
  assert.throws(() => parsePack(smallPack({ 'rules/open.cedar': rule }), 'p'), {
    message: /Only a red line or an assurance names `@parties`/,
  });
});
