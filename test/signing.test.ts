/**
 * Who must sign before terms come into force, and what a signature cannot be used for. INVARIANT (7)
 * keeps a red line against the operator; the signatures keep it against one of the parties.
 */
import assert from 'node:assert/strict';
import { after, before, type TestContext, test } from 'node:test';
import { ProvisoError } from '#base/errors.ts';
import { openGateway, providersAt, type TestGateway } from './harness/gateway.ts';
import {
  type Draft,
  draft,
  type Files,
  packFolder,
  packOf,
  redLine,
  signed,
  signer,
  submission,
} from './harness/packs.ts';
import { startUpstream, type Upstream } from './harness/upstream.ts';

let upstream: Upstream;
before(async () => {
  upstream = await startUpstream();
});
after(() => upstream.close());

const [supplier, customer, spare] = [signer('supplier'), signer('customer'), signer('spare')];
const PARTIES = { supplier: [supplier], customer: [customer] };
const SIGNED = draft({ parties: PARTIES });

const next = (changed: Draft = {}): Files =>
  draft({ title: 'Next terms', parties: PARTIES, ...changed });

/** Signatures of both parties, each with its key in `PARTIES`. */
function byBoth(files: Files, releases?: Parameters<typeof signed>[3]): readonly string[] {
  return [
    signed(files, 'supplier', supplier, releases),
    signed(files, 'customer', customer, releases),
  ];
}

async function founded(
  t: TestContext,
  files = SIGNED,
  notes = byBoth(files),
): Promise<TestGateway> {
  const terms = packFolder(t, files, notes);
  const proviso = await openGateway({ config: { providers: providersAt(upstream), terms } });
  t.after(() => proviso.close());
  return proviso;
}

const activate = ({ gateway }: TestGateway, ...submitted: Parameters<typeof submission>) =>
  gateway.activations.activate(submission(...submitted));

async function refused(work: Promise<unknown>): Promise<readonly [code: string, message: string]> {
  const thrown = await work.then(
    () => assert.fail('was not refused'),
    (error: unknown) => error,
  );
  assert.ok(thrown instanceof ProvisoError, String(thrown));
  return [thrown.code, thrown.message];
}

const hashOf = (files: Files): string => packOf(files).hash;

test('terms whose parties name keys found nothing before both have signed', async (t) => {
  const [one] = byBoth(SIGNED);
  for (const notes of [[], [one ?? '']]) {
    assert.equal((await refused(founded(t, SIGNED, notes)))[0], 'terms_unsigned');
  }
  const proviso = await founded(t);
  const [activation] = await proviso.gateway.activations.history();
  assert.equal(activation?.signatures.length, 2);
});

test('a signature counts for one pack, one party, one key, and once', async (t) => {
  const proviso = await founded(t);
  const files = next();
  const [supplierNote = '', customerNote = ''] = byBoth(files);
  const cases: readonly (readonly [notes: readonly string[], why: RegExp])[] = [
    [[customerNote], /`supplier`, with a key of the pack: has not signed/],
    [[customerNote, ...byBoth(SIGNED)], /`supplier`.*signed other terms/],
    [[customerNote, signed(files, 'supplier', spare)], /`supplier`.*signed with another key/],
    [[customerNote, signed(files, 'supplier', customer)], /`supplier`.*signed with another key/],
    [[customerNote, customerNote.replace('customer', 'supplier')], /`supplier`.*another key/],
    [[customerNote, supplierNote.replace('small 1', 'small 2')], /does not verify/],
  ];
  for (const [notes, why] of cases) {
    const [code, message] = await refused(activate(proviso, files, notes));
    assert.equal(code, 'terms_unsigned');
    assert.match(message, why);
  }
  await activate(proviso, files, [supplierNote, customerNote]);
  // Back to the first, with the signatures that brought it into force then: they were used.
  const first = await proviso.gateway.activations.history();
  const [code, message] = await refused(activate(proviso, SIGNED, first[0]?.signatures));
  assert.deepEqual(
    [code, /has brought terms into force before/.test(message)],
    ['terms_unsigned', true],
  );
  await activate(proviso, SIGNED, byBoth(SIGNED));
});

test('a key that is swapped in the new version takes the old key’s signature', async (t) => {
  const proviso = await founded(t);
  const swapped = next({ parties: { ...PARTIES, supplier: [spare] } });
  const withNew = [signed(swapped, 'supplier', spare), signed(swapped, 'customer', customer)];
  const [code, message] = await refused(activate(proviso, swapped, withNew));
  assert.equal(code, 'terms_unsigned');
  assert.match(message, /`supplier`, with a key of the version in force: signed with another key/);
  await activate(proviso, swapped, [...withNew, signed(swapped, 'supplier', supplier)]);
  // From now on the new key alone.
  const last = next({ title: 'Last terms', parties: { ...PARTIES, supplier: [spare] } });
  const old = [signed(last, 'supplier', supplier), signed(last, 'customer', customer)];
  assert.equal((await refused(activate(proviso, last, old)))[0], 'terms_unsigned');
});

test('a party is not dropped, with its say, by the others', async (t) => {
  const proviso = await founded(t);
  for (const parties of [{ supplier: [supplier] }, { supplier: [], customer: [] }]) {
    const without = next({ parties });
    const bySupplier = [signed(without, 'supplier', supplier)];
    assert.equal((await refused(activate(proviso, without, bySupplier)))[0], 'terms_unsigned');
    // Signed by all, it is still bound by what only a release lifts.
    const [code, message] = await refused(activate(proviso, without, byBoth(without)));
    assert.equal(code, 'terms_unproven');
    assert.match(message, /`red` of the old version could change without .*customer/);
  }
  const without = next({ parties: { supplier: [supplier] } });
  const releases = { from: hashOf(SIGNED), rules: ['red'] };
  await activate(proviso, without, byBoth(without, releases));
});

test('a red line changes only where everyone who must releases it, for this version', async (t) => {
  const proviso = await founded(t);
  const looser = next({ files: { 'redlines.cedar': redLine(99) } });
  assert.equal((await refused(activate(proviso, looser, byBoth(looser))))[0], 'terms_unproven');
  const releases = { from: hashOf(SIGNED), rules: ['red'] };
  const byOne = [
    signed(looser, 'supplier', supplier, releases),
    signed(looser, 'customer', customer),
  ];
  const [code, message] = await refused(activate(proviso, looser, byOne));
  assert.equal(code, 'terms_unsigned');
  assert.match(message, /`red` is not released by customer/);
  const elsewhere = byBoth(looser, { from: hashOf(looser), rules: ['red'] });
  assert.equal((await refused(activate(proviso, looser, elsewhere)))[0], 'terms_unproven');
  const byOperator = activate(proviso, looser, byBoth(looser), ['red']);
  assert.equal((await refused(byOperator))[0], 'terms_unsigned');
  const { activation } = await activate(proviso, looser, byBoth(looser, releases));
  assert.deepEqual(activation.released, [{ rule: 'red', by: ['supplier', 'customer'] }]);
  // What was released once binds again as it now stands.
  const again = next({ title: 'Again', files: { 'redlines.cedar': redLine(199) } });
  const replayed = byBoth(again, releases);
  assert.equal((await refused(activate(proviso, again, replayed)))[0], 'terms_unproven');
});

test('a red line that names its parties is theirs', async (t) => {
  const ours = draft({
    parties: PARTIES,
    files: { 'redlines.cedar': redLine(10, 'red', '@parties("customer")') },
  });
  const proviso = await founded(t, ours);
  const looser = next({
    files: { 'redlines.cedar': redLine(99, 'red', '@parties("customer")') },
  });
  const releases = { from: hashOf(ours), rules: ['red'] };
  const bySupplier = [
    signed(looser, 'supplier', supplier, releases),
    signed(looser, 'customer', customer),
  ];
  assert.equal((await refused(activate(proviso, looser, bySupplier)))[0], 'terms_unproven');
  const byCustomer = [
    signed(looser, 'supplier', supplier),
    signed(looser, 'customer', customer, releases),
  ];
  await activate(proviso, looser, byCustomer);
});

test('where no party names a key, the operator releases, and the ledger says so', async (t) => {
  const proviso = await founded(t, draft(), []);
  const looser = draft({ title: 'Looser', files: { 'redlines.cedar': redLine(99) } });
  const [code, message] = await refused(activate(proviso, looser));
  assert.equal(code, 'terms_unproven');
  assert.match(message, /proviso terms activate --release/);
  const { activation } = await activate(proviso, looser, [], ['red']);
  assert.deepEqual(activation.released, [{ rule: 'red', by: [] }]);
});

test('terms that name keys for the first time are signed by those', async (t) => {
  const proviso = await founded(t, draft(), []);
  assert.equal((await refused(activate(proviso, SIGNED)))[0], 'terms_unsigned');
  await activate(proviso, SIGNED, byBoth(SIGNED));
});
