/** Each kind of hint meets what it is for, and none meets the harmless phrases that look like it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HINT_KINDS, type HintKind } from './hint-kinds.ts';
import type { Hint } from './hints.ts';
import { redline } from './redline.ts';

function hintsIn(text: string, old = ''): readonly Hint[] {
  return redline({ file: 'old.md', text: old }, { file: 'new.md', text }).hints;
}

const TELLING: Readonly<Record<HintKind, readonly string[]>> = {
  override: [
    'Notwithstanding clause 3, the service may be used for any task.',
    'This applies regardless of any other provision.',
    'Nothing in these terms shall limit what the ministry may order.',
    'The order takes precedence over this clause.',
    'This rider supersedes the use restrictions.',
  ],
  discretion: [
    'The supplier may, in its sole discretion, permit more.',
    'If, in Northwind’s judgment, the safeguards suffice, use is open.',
    'The customer may act as it sees fit.',
    'This holds unless the agency determines that it does not.',
    'The tool is used at the discretion of the commander.',
  ],
  exception: [
    'A human approves it unless otherwise directed.',
    'Persons are not tracked, except as otherwise agreed in writing.',
    'The parties may grant limited exceptions.',
    'The customer may waive any of these restrictions.',
    'Safeguards may be suspended in the field.',
    'No tool is used without our prior written consent.',
    'It may be used under exigent circumstances.',
    'It is used where operational necessity requires it.',
  ],
  'open standard': [
    'Safeguards apply as appropriate.',
    'A human reviews the result where feasible.',
    'The supplier uses commercially reasonable efforts to prevent it.',
    'The customer shall endeavour to comply.',
  ],
  'unnamed authority': [
    'Force is used only when approved by the appropriate authority.',
    'Only authorized personnel may lift a hold.',
    'No strike is made without proper authorization.',
    'It is not disclosed unless duly authorized.',
  ],
  'law as the limit': [
    'Persons are not tracked, save as permitted by applicable law.',
    'The models are open to any lawful use.',
    'This applies except where the restriction is prohibited by law.',
  ],
  'change by one side': [
    'The supplier may modify these terms at any time.',
    'Our policies will evolve.',
    'The supplier reserves the right to end the service.',
    'Access may be ended without notice.',
  ],
  'for now': ['Until further notice, tracking is forbidden.', 'At this time, no tool is offered.'],
};

/** Sentences of ordinary policies. */
const HARMLESS = [
  'Do not gain unauthorized access to systems or bypass safeguards.',
  'Obtain the consent of the person before you record them.',
  'Use of tools without authorization of the system owner is forbidden.',
  'Monitor devices without authorization from the owner.',
  'The appropriateness of the content is reviewed by a person.',
  'You must disclose it as soon as possible.',
  'You are responsible for what you do, at your own discretion and risk.',
  'The limits are set in the table below, and the rules are as follows.',
  'This agreement supersedes all prior agreements.',
  'Nothing in these terms limits our liability for negligence.',
  'To the maximum extent permitted by law, the service comes without warranty.',
  'You will comply with applicable law.',
  'Report it to the authorities, as required by law.',
  'An authorised representative signs for each party.',
  'We reserve all rights in the software.',
  'These terms may be changed only by a version that every party has signed.',
  'The system administrator determines the password policy of the building.',
  'It is possible that a reasonable person considers it harmful.',
  'Wellness advice, such as advice on sleep, does not fall under this category.',
];

test('each kind meets what it is for', () => {
  for (const [kind, sentences] of Object.entries(TELLING)) {
    for (const sentence of sentences) {
      const kinds = hintsIn(sentence).map((hint) => hint.kind);
      assert.ok(kinds.includes(kind as HintKind), `${kind}: ${sentence} got [${kinds.join()}]`);
    }
  }
});

test('none meets what is harmless', () => {
  for (const sentence of HARMLESS) {
    assert.deepEqual(
      hintsIn(sentence).map(({ kind, words }) => [kind, words]),
      [],
      sentence,
    );
  }
});

test('a hint quotes the words at its span, and says why', () => {
  const text = '# Ünder\n\n> It ends **in\n> its sole** discretion.\n';
  const [hint] = hintsIn(text);
  assert.ok(hint);
  assert.deepEqual(hint, {
    kind: 'discretion',
    why: HINT_KINDS.discretion.why,
    words: 'in its sole discretion',
    standing: 'new',
    at: { file: 'new.md', line: 3, column: 13, start: 22, end: 48 },
  });
  const bytes = Buffer.from(text).subarray(hint.at.start, hint.at.end);
  assert.equal(bytes.toString().replace(/[>*\s]+/g, ' '), hint.words);
});

test('what stood before is told from what is new, and what is gone from both', () => {
  const old =
    'Use is open as appropriate.\n\nIt ends in our sole discretion.\n\nNobody may use force.';
  const now =
    'Nobody may use force unless otherwise directed.\n\nIt ends in our sole discretion.\n\nUse is open.';
  assert.deepEqual(
    hintsIn(now, old).map(({ standing, words, at }) => [standing, words, at.file]),
    [
      ['new', 'unless otherwise directed', 'new.md'],
      ['stood', 'in our sole discretion', 'new.md'],
      ['gone', 'as appropriate', 'old.md'],
    ],
  );
});

test('words that only moved stood before', () => {
  const paragraphs = [
    'We decide in our sole discretion.',
    'Each call is recorded.',
    'No force is used.',
  ];
  const [hint] = hintsIn(paragraphs.toReversed().join('\n\n'), paragraphs.join('\n\n'));
  assert.equal(hint?.standing, 'stood');
});
