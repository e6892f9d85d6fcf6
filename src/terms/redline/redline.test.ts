/** What is a difference in wording and what is none; edits re-apply, and spans point at the words. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Edit, Passage } from './passages.ts';
import { isSame, type Redline, redline } from './redline.ts';
import { keyOf, lineOf } from './words.ts';

function compared(old: string, now: string): Redline {
  return redline({ file: 'old.md', text: old }, { file: 'new.md', text: now });
}

/** Each passage in one line, with the clause that it stands in. */
function shown(found: Redline): readonly string[] {
  return found.clauses.flatMap(({ result, title, passages }) =>
    passages.map((passage) => `${result} ${title}: ${passage.result} ${marked(passage)}`),
  );
}

const MARKS: Readonly<Record<Edit['op'], readonly [string, string]>> = {
  kept: ['', ''],
  gone: ['[-', '-]'],
  new: ['{+', '+}'],
  left: ['[~', '~]'],
  came: ['{~', '~}'],
};

function marked({ edits }: Passage): string {
  return edits.map(({ op, words }) => `${MARKS[op][0]}${lineOf(words)}${MARKS[op][1]}`).join(' ');
}

const POLICY = `# Policy

Models are used for work, and “never” for harm.

## 1. Force

A tool that can injure a person acts only after a human has approved it.
Nobody else may approve it.

## 2. Records

*   Each call is recorded before it is carried.
*   Nothing is erased without a trace.
`;

test('what only looks different is no difference', () => {
  const same = [
    POLICY.replace('person acts only', 'person\nacts   only'),
    POLICY.replace('“never”', '"never"'),
    POLICY.replace('“never”', '&ldquo;never&rdquo;'),
    POLICY.replace('used for work', 'used **for** _work_'),
    POLICY.replace('# Policy\n', 'Policy\n======\n'),
    POLICY.replaceAll('*   ', '- '),
    POLICY.replaceAll('*   ', '1. '),
    POLICY.replaceAll('*   ', '* • '),
    POLICY.replaceAll('\n', '\r\n'),
    POLICY.replace('for work', 'for\u00a0work').replace('carried', 'car\u00adried'),
    POLICY.replace('## 1. Force', '## 1\\. Force <!-- a comment -->'),
    `${POLICY}\n<!-- nothing that is read -->\n\n- - -\n`,
    POLICY.replace('Nobody', '\\\nNobody'),
  ];
  for (const text of same) assert.deepEqual(shown(compared(POLICY, text)), [], text);
  for (const text of same) assert.ok(isSame(compared(POLICY, text)), text);
});

test('a word that changed stands in its clause, with the words around it', () => {
  const found = compared(POLICY, POLICY.replace('a human has approved', 'an operator has seen'));
  assert.deepEqual(shown(found), [
    'changed Force: changed A tool that can injure a person acts only after [-a human-] {+an operator+} has [-approved-] {+seen+} it. Nobody else may approve it.',
  ]);
  assert.deepEqual(found.counts, { oldWords: 46, newWords: 46, gone: 3, new: 3, moved: 0 });
  const [passage] = found.clauses[0]?.passages ?? [];
  assert.equal(found.new.text.slice(passage?.new?.block.start).indexOf('A tool'), 0);
});

test('letters and cases that differ are a difference, and so are words that are struck out', () => {
  for (const [from, to] of [
    ['Nobody', 'nobody'],
    ['work', 'w\u043erk'],
    ['it.\n', 'it,\n'],
    ['only after', '~~only~~ after'],
  ] as const) {
    assert.ok(!isSame(compared(POLICY, POLICY.replace(from, to))), to);
  }
});

test('dates, link targets and numbers of headings are told apart from the words', () => {
  const old = `# Terms\n\nIn force from 1 March 2025.\n\n## 3. Use\n\nSee [the list](https://a.example/1) and [more](#more).\n`;
  const now = `# Terms\n\nIn force from 2026-04-02.\n\n## 4. Use\n\nSee [the list](https://a.example/2) and [more](#other).\n`;
  const found = compared(old, now);
  assert.deepEqual(found.clauses, []);
  const plain = ({ words, old, new: now }: (typeof found.links)[number]) => [words, old, now];
  assert.deepEqual(found.dates.map(plain), [['In force from', '1 March 2025', '2026-04-02']]);
  assert.deepEqual(found.links.map(plain), [
    ['the list', 'https://a.example/1', 'https://a.example/2'],
  ]);
  assert.deepEqual(found.numbers.map(plain), [['Use', '3.', '4.']]);
  assert.ok(!isSame(found));
  assert.deepEqual(
    [found.dates[0]?.at.line, found.links[0]?.at.line, found.numbers[0]?.at.line],
    [3, 7, 5],
  );
});

test('a link that is gone, a link that is new, and an address that is written out', () => {
  const old = 'See [the list](https://a.example) and the page, or ask https://b.example/x today.';
  const now = 'See the list and [the page](https://c.example), or ask https://b.example/y today.';
  const found = compared(old, now);
  assert.deepEqual(
    found.links.map(({ words, old, new: now }) => [words, old, now]),
    [
      ['the page', undefined, 'https://c.example'],
      ['the list', 'https://a.example', undefined],
    ],
  );
  assert.match(
    shown(found).join(),
    /\[-https:\/\/b\.example\/x-\] \{\+https:\/\/b\.example\/y\+\}/,
  );
});

test('a clause that moved is found, under another number and another name too', () => {
  const [head = '', force = '', records = ''] = POLICY.split(/(?=^## )/m);
  const swapped = compared(POLICY, head + records.replace('2.', '1.') + force.replace('1.', '2.'));
  assert.deepEqual(
    swapped.clauses.map(({ result, title }) => [result, title]),
    [['moved', 'Records']],
  );
  assert.deepEqual([swapped.counts.gone, swapped.counts.new], [0, 0]);
  assert.ok(swapped.counts.moved > 0);
  const renamed = compared(POLICY, POLICY.replace('1. Force', '1. Tools that harm'));
  assert.deepEqual(
    renamed.clauses.map(({ result, title, was }) => [result, title, was]),
    [['changed', 'Tools that harm', 'Force']],
  );
});

test('a clause that is new, one that is gone', () => {
  const [head = '', force = '', records = ''] = POLICY.split(/(?=^## )/m);
  const gone = compared(POLICY, head + records);
  assert.deepEqual(
    gone.clauses.map(({ result, title }) => [result, title]),
    [['gone', 'Force']],
  );
  const added = compared(head + records, POLICY);
  assert.deepEqual(
    added.clauses.map(({ result, title }) => [result, title]),
    [['new', 'Force']],
  );
  assert.equal(force.length > 0, true);
});

test('a paragraph that is split or joined in its place says the same', () => {
  const split = POLICY.replace('it.\nNobody else', 'it.\n\nNobody else').replace(
    'Nobody else may approve it.',
    'Nobody else may approve it, neither before nor after.',
  );
  const joined = split.replace('it.\n\nNobody', 'it. Nobody');
  const found = compared(joined, split);
  assert.deepEqual(shown(found), []);
  assert.deepEqual(shown(compared(split, joined)), []);
});

test('words are found in tables, code, quotations, footnotes and what is left of HTML', () => {
  const text = (what: string): string => `> quoted ${what}

| use | allowed |
| --- | --- |
| force | ${what} |

\`\`\`
code ${what}
\`\`\`

<div class="x"><h2>Heading ${what}</h2><p>First &amp; <b>bold ${what}</b></p><p>Second</p></div>

A note.[^1]

[^1]: noted ${what}
`;
  const lines = shown(compared(text('never'), text('always')));
  const changed = ' [-never-] {+always+}';
  for (const words of [
    `quoted${changed}`,
    `force${changed}`,
    `code${changed}`,
    `Heading${changed}`,
    `First & bold${changed}`,
    `noted${changed}`,
  ]) {
    assert.ok(
      lines.some((line) => line.endsWith(words)),
      `${words} in ${lines.join('\n')}`,
    );
  }
  assert.ok(!lines.join('\n').includes('Second'));
});

test('a heading that lost its marks, and an item with a list of its own, are clauses', () => {
  const text = `Do Not Harm Persons\n\nThis includes:\n\n* to injure, by:\n    * force\n    * WHAT\n* to deceive\n`;
  const found = compared(text.replace('WHAT', 'neglect'), text.replace('WHAT', 'omission'));
  assert.deepEqual(shown(found), [
    'changed to injure, by:: new {+omission+}',
    'changed to injure, by:: gone [-neglect-]',
  ]);
});

const WORDS = [
  'we',
  'may',
  'not',
  'use',
  'force',
  'person’s',
  'data',
  'of',
  'a',
  'the',
  '“terms”',
  '1.5',
  'U.S.',
  'well-being',
  'B&amp;B',
  'x\\_y',
  '2026-01-02',
];
const sentence = fc
  .array(fc.constantFrom(...WORDS), { minLength: 1, maxLength: 14 })
  .map((words) => `${words.join(' ')}.`);
const block = fc.oneof(
  sentence,
  sentence.map((words) => `## ${words}`),
  sentence.map((words) => `3. **${words}**\n    * ${words}`),
  fc
    .array(sentence, { minLength: 2, maxLength: 3 })
    .map((items) => items.map((item) => `* ${item}`).join('\n')),
  sentence.map((words) => `> ${words.replaceAll(' a ', '\n> a ')}`),
  sentence.map(
    (words) => `| [link](https://a.example) | ${words} |\n| --- | --- |\n| ${words} | b |`,
  ),
  sentence.map((words) => words.replaceAll('\\', '')).map((words) => `<p>${words}<br>${words}</p>`),
);
const blocks = fc.array(block, { minLength: 1, maxLength: 8 });
/** A text, and a text that shares blocks with it. */
const versions = fc
  .tuple(blocks, blocks, fc.array(fc.nat(15), { maxLength: 10 }))
  .map(([one, other, picks]) => {
    const pool = [...one, ...other];
    return [one.join('\n\n'), picks.map((i) => pool[i % pool.length]).join('\n\n')] as const;
  });

test('old words and edits make the new words, and what is not shown is the same', () => {
  fc.assert(
    fc.property(versions, ([old, now]) => {
      const found = compared(old, now);
      const passages = found.clauses.flatMap((clause) => clause.passages);
      const side = (passage: Passage, ops: readonly Edit['op'][]): string =>
        keysOf(passage.edits.filter(({ op }) => ops.includes(op)).flatMap(({ words }) => words));
      for (const passage of passages) {
        const { old: from, new: to } = passage;
        assert.equal(side(passage, ['kept', 'gone', 'left']), keysOf(from?.block.words ?? []));
        assert.equal(side(passage, ['kept', 'new', 'came']), keysOf(to?.block.words ?? []));
      }
      for (const [blocks, others, of] of [
        [found.alignment.new, found.alignment.old, (p: Passage) => p.new],
        [found.alignment.old, found.alignment.new, (p: Passage) => p.old],
      ] as const) {
        for (const aligned of blocks) {
          for (const [i, twin] of aligned.twins.entries()) {
            const other = twin && others[twin.block]?.block.words[twin.word];
            if (other) assert.equal(other.key, aligned.block.words[i]?.key);
          }
          if (passages.some((passage) => of(passage) === aligned)) continue;
          assert.ok(aligned.fates.every((fate) => fate === 'kept'));
        }
      }
      assert.deepEqual(
        found.counts.gone + found.counts.new + found.counts.moved > 0,
        passages.some(hasWords),
      );
    }),
  );
});

test('spans point at the words, in whatever they are written', () => {
  fc.assert(
    fc.property(versions, ([old, now]) => {
      for (const { text, blocks } of Object.values(compared(old, now)).filter(isDocument)) {
        for (const word of blocks.flatMap(({ words }) => words)) {
          const written = text.slice(word.start, word.end).replaceAll('&amp;', '&');
          assert.equal(keyOf(written.replaceAll('\\', '')), keyOf(word.text));
        }
      }
    }),
  );
});

test('a text is the same as itself, and differences do not depend on the direction', () => {
  fc.assert(
    fc.property(versions, ([old, now]) => {
      assert.ok(isSame(compared(old, old)));
      const [there, back] = [compared(old, now), compared(now, old)];
      assert.equal(isSame(there), isSame(back));
    }),
  );
});

function keysOf(words: readonly { readonly key: string }[]): string {
  return words.map(({ key }) => key).join(' ');
}

function hasWords({ edits }: Passage): boolean {
  return edits.some(
    ({ op, isMoved, words }) =>
      (op !== 'kept' || isMoved) && words.some(({ kind }) => kind !== 'mark'),
  );
}

function isDocument(value: unknown): value is Redline['new'] {
  return typeof value === 'object' && value !== null && 'blocks' in value;
}
