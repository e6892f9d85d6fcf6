/** Clauses are found again where they moved and where their words changed, or nothing is pinned. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProvisoError } from '#base/errors.ts';
import { manifest, smallPack } from './pack.example.ts';
import { parsePack } from './pack.ts';
import { isAgreedWording, type Pin, pinClauses } from './pin.ts';

const TEXT = Buffer.from(smallPack().get('text.md') ?? '').toString();
const YAML = `# kept\n${manifest().replace('clauses:', 'clauses: # by bytes')}`;

function pinned(text: string, agreed?: string, yaml = YAML): Pin {
  return pinClauses({ yaml: { path: 'terms.yaml', text: yaml }, text, agreed, dir: 'p' });
}

function refusal(text: string, agreed?: string): string {
  try {
    pinned(text, agreed);
  } catch (error) {
    assert.ok(error instanceof ProvisoError && error.code === 'terms_invalid');
    return error.message;
  }
  return 'none';
}

/** The pack is valid with the new words and spans, and the clauses are these. */
function clausesOf(text: string, { yaml }: Pin): readonly string[] {
  const pack = parsePack(smallPack({ 'text.md': text, 'terms.yaml': yaml }), 'p');
  return [...pack.clauses.values()].map(({ title, words }) => `${title}: ${words}`);
}

test('what nobody edited stays, byte for byte', () => {
  const pin = pinned(TEXT);
  assert.equal(pin.yaml, YAML);
  assert.deepEqual(
    pin.clauses.map(({ result }) => result),
    ['same', 'same'],
  );
});

test('words that only moved are found by their hash', () => {
  const text = `# “New”\n\n${TEXT}`;
  const pin = pinned(text);
  assert.deepEqual(
    pin.clauses.map(({ result, from, to }) => [result, to.start - (from?.start ?? 0)]),
    [
      ['moved', 13],
      ['moved', 13],
    ],
  );
  assert.equal(clausesOf(text, pin)[0], 'Open: Everything is open that is not forbidden.');
});

test('words that changed are found by their heading, and the rest of terms.yaml is not touched', () => {
  const text = TEXT.replace('Everything is', 'All things are').replace(
    'Nothing with',
    'Nothing “at all” with',
  );
  const [head, open, forbidden] = text.split(/(?=^## )/m);
  const swapped = `${head}${forbidden}\n${open?.trimEnd()}\n`;
  for (const edited of [text, swapped]) {
    const pin = pinned(edited, TEXT);
    assert.deepEqual(
      pin.clauses.map(({ result }) => result),
      ['reworded', 'reworded'],
    );
    assert.deepEqual(clausesOf(edited, pin), [
      'Open: All things are open that is not forbidden.',
      'Forbidden — and how: Nothing “at all” with “persons”.',
    ]);
    const numbers = /(start|end|sha256): \w+/g;
    assert.equal(pin.yaml.replace(numbers, ''), YAML.replace(numbers, ''));
  }
});

test('a number of a heading may change, and what is put below it is part of the clause', () => {
  const text = TEXT.replace('## Open', '## 1. Open').replace(
    'not forbidden.',
    'not forbidden.\n\n### Save when\n\nOtherwise directed.',
  );
  const pin = pinned(text, TEXT);
  assert.match(
    clausesOf(text, pin)[0] ?? '',
    /not forbidden\. ### Save when Otherwise directed\.$/,
  );
});

test('a heading that is not found again, or twice, is refused with its line', () => {
  const renamed = TEXT.replace('## Open', '## Closed').replace('Everything', 'All');
  assert.match(
    refusal(renamed, TEXT),
    /^p\/terms\.yaml:12:\d+: The heading of `open`, `Open`, is not there any more/,
  );
  const twice = TEXT.replace('Everything', 'All').replace(
    '## Forbidden',
    '## Open\n\nMore.\n\n## Forbidden',
  );
  assert.match(refusal(twice, TEXT), /is there 2 times/);
});

test('without the wording before, place and id must tell the heading', () => {
  const reworded = TEXT.replace('Everything is', 'All things are');
  assert.equal(pinned(reworded).clauses[0]?.result, 'reworded');
  assert.match(clausesOf(reworded, pinned(reworded))[0] ?? '', /^Open: All things/);
  const renamed = reworded.replace('## Open', '## Use');
  assert.match(refusal(renamed), /which heading is its own is not plain: give the wording before/);
  const doubled = reworded.replace('## Open', '## Open\n\nFirst.\n\n## Open too');
  assert.match(refusal(doubled), /not plain/);
  // Past a clause that did not change, it is another one.
  const [head, open, forbidden] = reworded.split(/(?=^## )/m);
  assert.match(refusal(`${head}${forbidden}\n${open}`), /not plain/);
});

test('two clauses never come to stand on the same words', () => {
  const text = '# Terms\n\n## Open, forbidden\n\nBoth.\n';
  assert.match(refusal(text), /would stand on the same words/);
});

test('the agreed wording is known by its hashes', () => {
  const yaml = { path: 'terms.yaml', text: YAML };
  assert.equal(isAgreedWording(yaml, TEXT), true);
  assert.equal(isAgreedWording(yaml, TEXT.replace('Everything', 'Anything')), false);
});

test('a clause that is new is put behind the others, under the heading that its id names', () => {
  const text = `${TEXT}\n## Records of calls\n\nEach is kept.\n\n## Thanks\n\nMany.\n`;
  const add = (...added: readonly string[]): Pin =>
    pinClauses({ yaml: { path: 'terms.yaml', text: `${YAML}# the end\n` }, text, added, dir: 'p' });
  const { yaml, clauses } = add('records');
  assert.equal(clauses.at(-1)?.result, 'added');
  assert.match(yaml, /sha256: \w+ \}\n(# the end\n)? {2}- id: records\n {4}start: \d+\n/);
  const rule = '@id("r") @clause("records") forbid(principal, action, resource) when { false };';
  const pack = parsePack(
    smallPack({
      'text.md': text,
      'terms.yaml': yaml,
      'rules/r.cedar': rule.replace('false', 'context.persons > 99'),
    }),
    'p',
  );
  assert.equal(pack.clauses.get('records')?.words, 'Each is kept.');
  // As the file is indented.
  const flush = YAML.replaceAll('  - ', '- ');
  assert.match(
    pinClauses({ yaml: { path: 'terms.yaml', text: flush }, text, added: ['records'], dir: 'p' })
      .yaml,
    /\}\n- id: records\n {2}start/,
  );
  assert.throws(() => add('secrets'), /No heading is plainly that of the new clause `secrets`/);
  assert.throws(() => add('open'), /The clause `open` is there already/);
});
