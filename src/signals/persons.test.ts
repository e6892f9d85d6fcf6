import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Detection } from './detector.ts';
import sample from './persons.sample.json' with { type: 'json' };
import { personDetector } from './persons.ts';
import { plainText } from './plain.ts';
import { anyText } from './text.arbitrary.ts';

const place = { parent: undefined, key: 'text' };

function detect(text: string): Detection {
  const detection = personDetector.detect([{ text, place }], Number.POSITIVE_INFINITY);
  assert.ok(!(detection instanceof Promise));
  return detection;
}

/** `kind: words` for each piece of evidence. */
function found(text: string): string[] {
  return detect(text).findings.map(
    ({ label, start, end }) => `${label}: ${text.slice(start, end)}`,
  );
}

describe('the labelled sample', () => {
  it('is found as well as docs/signals.md promises', (t) => {
    let [right, wrong, missed] = [0, 0, 0];
    for (const { text, holds } of sample as readonly Labelled[]) {
      const wanted = Object.entries(holds).flatMap(([kind, words]) =>
        words.map((word) => `${kind}: ${word}`),
      );
      const got = found(text);
      right += got.filter((one) => wanted.includes(one)).length;
      for (const one of got) if (!wanted.includes(one)) wrong += told(t, 'wrong', one, text);
      for (const one of wanted) if (!got.includes(one)) missed += told(t, 'missed', one, text);
    }
    const recall = right / (right + missed);
    const precision = right / (right + wrong);
    t.diagnostic(`recall ${percent(recall)}, precision ${percent(precision)}`);
    assert.ok(recall >= 0.85 && precision >= 0.95);
  });
});

interface Labelled {
  readonly text: string;
  readonly holds: Readonly<Record<string, readonly string[]>>;
}

function told(t: { diagnostic(line: string): void }, what: string, one: string, text: string): 1 {
  t.diagnostic(`${what}: ${one} in "${text}"`);
  return 1;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

describe('the search for persons', () => {
  it('counts each identifier once, however it is written', () => {
    for (const texts of [
      ['+44 20 7946 0018', '0044 (20) 7946-0018', '+442079460018', '+４４２０７９４６００１８'],
      ['Ann@Example.org', 'ann+news@example.org', 'a\u200bnn＠example.org'],
      ['DE89 3704 0044 0532 0130 00', 'DE89370400440532013000'],
      ['4111 1111 1111 1111', '4111-1111-1111-1111', '4111111111111111'],
      ['plate AB12 CDE', 'number plate AB12CDE'],
      ['lat 53.54612 lon 9.96611', 'gps 53.546118, 9.966109'],
    ]) {
      assert.equal(detect(texts.join(' ; ')).subjects?.size, 1, texts.join());
    }
  });

  it('keeps counting where it no longer keeps evidence', () => {
    const text = Array.from({ length: 500 }, (_, i) => `p${i}@example.org`).join(' ');
    const { subjects, findings } = detect(text);
    assert.equal(subjects?.size, 500);
    assert.ok(findings.length < 20);
  });

  it('finds a number among others', () => {
    for (const [text, subject] of [
      ['4111 1111 1111 1111 12/29 123', 'payment_card:4111111111111111'],
      ['12 4111 1111 1111 1111', 'payment_card:4111111111111111'],
      ['call 12 times 020 7946 0018 12 hours', 'telephone:+442079460018'],
      ['7 +44 20 7946 0018 12', 'telephone:+442079460018'],
      ['phone 0000 0000 020 7946 0018', 'telephone:+442079460018'],
      ['national number 12 284736107', 'national_id:US:284736107'],
    ] as const) {
      assert.deepEqual([...(detect(text).subjects ?? [])], [subject]);
    }
  });

  it('finds what stands anywhere in a run without end', () => {
    for (let before = 1_340; before < 1_370; before++) {
      const text = `${'12 '.repeat(before)}4111 1111 1111 1111${' 12'.repeat(2_000)}`;
      assert.equal(detect(text).subjects?.has('payment_card:4111111111111111'), true);
    }
  });

  it('gives offsets into the text as it stood', () => {
    const separated = anyText.filter((text) => !/[\d\p{N}\p{L}@.+_%'-]/u.test(text));
    fc.assert(
      fc.property(separated, separated, (before, after) => {
        const wanted = 'ａnn@example.org';
        const text = `${before} ${wanted} ${after}`;
        assert.ok(found(text).includes(`email: ${wanted}`));
      }),
    );
  });

  it('passes every text, whatever is in it', () => {
    const piece = fc.oneof(
      anyText,
      fc.constantFrom(
        '@',
        '+',
        '00',
        '(',
        'AB12',
        '4111',
        '1.1.1.1',
        '::',
        '°',
        'tel ',
        'ID ',
        '-',
      ),
      fc.nat().map(String),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        const text = pieces.join('');
        for (const { start, end } of detect(text).findings) {
          assert.ok(start >= 0 && start < end && end <= text.length);
        }
      }),
    );
  });

  for (const [what, piece] of [
    ['words', 'an ordinary sentence about berths. '],
    ['digits', '1234567890'],
    ['short numbers', '12 345 6 '],
    ['rows of a table', '2024-01-15,4711,19.99,order 123456789\n'],
    ['signs', '@'],
    ['groups with colons', 'ab:12:'],
    ['wide digits', '１２３ '],
  ] as const) {
    it(`takes time in proportion to a text of ${what}`, () => {
      const short = piece.repeat(Math.ceil(12_000 / piece.length));
      msOf(short);
      const ratio = msOf(short.repeat(16)) / msOf(short);
      // A square would make it 256.
      assert.ok(ratio < 128, `16 times the text took ${ratio.toFixed(1)} times the time`);
    });
  }
});

describe('plain text', () => {
  it('maps every offset back to the character it came from', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const { text: plain, origin } = plainText(text);
        if (!origin) return assert.equal(plain, text);
        for (let i = 0; i < plain.length; i++) {
          const at: number = origin[i] ?? 0;
          assert.ok(i === 0 || at >= (origin[i - 1] ?? 0));
          const char = String.fromCodePoint(text.codePointAt(at) ?? 0);
          assert.ok(plainText(char).text.includes(plain.charAt(i)));
        }
        assert.equal(origin[plain.length], text.length);
      }),
    );
  });
});

function msOf(text: string): number {
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 4; round++) {
    const start = performance.now();
    detect(text);
    least = Math.min(least, performance.now() - start);
  }
  return least;
}
