import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  commitTo,
  digestOf,
  disclosureOf,
  disclosureText,
  parseDisclosure,
} from './commitments.ts';

test('digests are those of RFC 9901 §4.2.3, and of docs/spec/ledger.md', () => {
  const text = '["_26bc4LT-ac6q2KI6cBW5es", "family_name", "Möbius"]';
  const encoded = 'WyJfMjZiYzRMVC1hYzZxMktJNmNCVzVlcyIsICJmYW1pbHlfbmFtZSIsICJNw7ZiaXVzIl0';
  assert.equal(disclosureOf(text), encoded);
  assert.equal(digestOf(text), 'X9yH0Ajrdm1Oij4tWso9UzzKJvPoDxwmuEcO3XAdRC0');
  const ours = '["_26bc4LT-ac6q2KI6cBW5es","family_name","Möbius"]';
  assert.equal(digestOf(ours), 'TZjouOTrBKEwUNjNDs9yeMzBoQn8FFLPaJjRRmAtwrM');
});

test('a disclosure text gives back name and value, and a salt of 132 bits that is new each time', () => {
  const salts = new Set<string>();
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.jsonValue(), (name, value) => {
      const text = disclosureText(name, value);
      const disclosed = parseDisclosure(text);
      assert.equal(disclosed?.name, name);
      assert.equal(JSON.stringify(disclosed.value), JSON.stringify(value));
      assert.match(disclosed.salt, /^[\w-]{22}$/);
      assert.ok(!salts.has(disclosed.salt));
      salts.add(disclosed.salt);
      // What separates texts in the vault cannot stand within one.
      assert.doesNotMatch(text, /[\t\n]/);
    }),
  );
});

test('a value that the border would refuse is given back all the same', () => {
  const value = JSON.parse('{"__proto__":{"a":1},"n":12}') as object;
  const disclosed = parseDisclosure(disclosureText('content', value));
  assert.equal(JSON.stringify(disclosed?.value), '{"__proto__":{"a":1},"n":12}');
});

test('decoys fill up to the count, and look like digests', () => {
  const text = disclosureText('name', 'value');
  const real = digestOf(text);
  let lastChars = '';
  for (let i = 0; i < 500; i++) {
    const digests = commitTo([text], 8);
    assert.equal(digests.length, 8);
    assert.ok(digests.includes(real));
    assert.deepEqual(digests, digests.toSorted());
    for (const digest of digests) {
      // The one base64url form of 32 bytes.
      const bytes = Buffer.from(digest, 'base64url');
      assert.equal(bytes.length, 32);
      assert.equal(bytes.toString('base64url'), digest);
      if (digest !== real) lastChars += digest.at(-1);
    }
  }
  assert.equal(new Set(lastChars).size, 16, 'every last character that a digest may have');
});

test('more values than the least count round up to the next one', () => {
  const texts = Array.from({ length: 9 }, (_, i) => disclosureText(`name ${i}`, i));
  assert.equal(commitTo(texts, 8).length, 16);
  assert.equal(commitTo(texts.slice(0, 8), 8).length, 8);
  assert.equal(commitTo([], 4).length, 4);
});
