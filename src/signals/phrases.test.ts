import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { foldCodePoint, foldText } from './fold.ts';
import { PhraseSet } from './phrases.ts';
import { anyText } from './text.arbitrary.ts';

/** The words that `set` finds, as they stand in the text. */
function found(set: PhraseSet, text: string): string[] {
  const hits: number[] = [];
  set.scan(text, hits);
  const words: string[] = [];
  for (let i = 0; i < hits.length; i += 2) {
    words.push(text.slice(...set.spanOf(hits[i] ?? 0, text, hits[i + 1] ?? 0)));
  }
  return words;
}

/** The same by folding everything first and looking for each phrase in turn. */
function naive(phrases: readonly string[], text: string): string[] {
  let folded = ' ';
  const origin: [number, number][] = [[0, 0]];
  for (let i = 0; i < text.length; ) {
    const codePoint = text.codePointAt(i) ?? 0;
    const width = codePoint > 0xffff ? 2 : 1;
    for (const char of foldCodePoint(codePoint)) {
      if (char === ' ' && folded.endsWith(' ')) continue;
      folded += char;
      origin.push([i, i + width]);
    }
    i += width;
  }
  if (!folded.endsWith(' ')) folded += ' ';
  const words: string[] = [];
  for (const phrase of phrases) {
    const wanted = ` ${foldText(phrase)} `;
    for (let at = folded.indexOf(wanted); at >= 0; at = folded.indexOf(wanted, at + 1)) {
      const [start = 0] = origin[at + 1] ?? [];
      const [, end = 0] = origin[at + wanted.length - 2] ?? [];
      words.push(text.slice(start, end));
    }
  }
  return words.sort();
}

describe('phrases', () => {
  it('are found as whole words, in any letter case', () => {
    const set = new PhraseSet(['face recognition', 'drone']);
    assert.deepEqual(found(set, 'FACE  recognition by drones; Drone, drone-drone'), [
      'FACE  recognition',
      'Drone',
      'drone',
      'drone',
    ]);
    assert.deepEqual(found(set, 'surface recognition, drones'), []);
    assert.deepEqual(found(set, ''), []);
  });

  it('may overlap, nest and begin one another', () => {
    const set = new PhraseSet(['mass', 'mass surveillance', 'surveillance', 'surveillance of']);
    assert.deepEqual(found(set, 'mass surveillance   of'), [
      'mass',
      'mass surveillance',
      'surveillance',
      'surveillance   of',
    ]);
  });

  it('end anywhere after a star', () => {
    const set = new PhraseSet(['surveil*']);
    assert.deepEqual(found(set, 'Surveilling, SURVEILLANCE, unsurveilled'), ['Surveil', 'SURVEIL']);
  });

  for (const [disguise, text] of [
    ['full-width letters', 'ｔａｒｇｅｔ'],
    ['mathematical letters', '𝐭𝒶𝓇𝔤𝕖𝖙'],
    ['Cyrillic and Greek lookalikes', 'tаrɡеt'],
    ['Cyrillic capitals', 'ТАRGЕТ'],
    ['accents', 'tárg̈ét'],
    ['invisible characters', 't\u200bar\u00adg\u2060e\ufe0ft'],
    ['control characters', 'tar\u0000get'],
  ] as const) {
    it(`are found through ${disguise}`, () => {
      assert.equal(found(new PhraseSet(['target']), `a ${text}.`).length, 1);
    });
  }

  it('work in scripts without spaces and with their own cases', () => {
    const set = new PhraseSet(['监控', 'наблюдение', 'Παρακολούθηση', 'straße', 'ﬁre']);
    assert.deepEqual(found(set, '大规模监控系统'), ['监控']);
    assert.deepEqual(found(set, 'НАБЛЮДЕНИЕ наблюдение Наблюдение'), [
      'НАБЛЮДЕНИЕ',
      'наблюдение',
      'Наблюдение',
    ]);
    assert.deepEqual(found(set, 'ΠΑΡΑΚΟΛΟΎΘΗΣΗ παρακολούθηση').length, 2);
    assert.deepEqual(found(set, 'STRASSE und straße, FIRE'), ['STRASSE', 'straße', 'FIRE']);
  });

  it('need a letter or digit', () => {
    assert.throws(() => new PhraseSet(['…']), /no letter or digit/);
  });

  it('are found exactly where a naive search finds them', () => {
    const pieces = [
      'a',
      'B',
      'ab',
      ' ',
      '  ',
      '-',
      'ß',
      'ﬁ',
      'é',
      'e\u0301',
      '\u200b',
      '监',
      '控',
      '𝐚',
      'а',
      'Ω',
      'ω',
      '한',
      '١',
      '9',
      '\ud800',
      '😀',
      'İ',
      'ק',
      '\n',
    ];
    const piece = fc.constantFrom(...pieces);
    const words = fc.array(piece, { minLength: 1, maxLength: 4 }).map((parts) => parts.join(''));
    const phrases = fc.array(
      words.filter((phrase) => foldText(phrase) !== ''),
      { minLength: 1, maxLength: 6 },
    );
    const text = fc.array(piece, { maxLength: 30 }).map((parts) => parts.join(''));
    fc.assert(
      fc.property(phrases, text, (given, where) => {
        const distinct = [...new Map(given.map((phrase) => [foldText(phrase), phrase])).values()];
        // Letters whose two cases fold apart are looked for in every case; the naive way is not.
        fc.pre(distinct.every((phrase) => foldText(phrase) === foldText(phrase.toUpperCase())));
        fc.pre(distinct.every((phrase) => foldText(phrase) === foldText(phrase.toLowerCase())));
        assert.deepEqual(found(new PhraseSet(distinct), where).sort(), naive(distinct, where));
      }),
      { numRuns: 2_000 },
    );
  });

  it('take time in proportion to the text', () => {
    const set = new PhraseSet(Array.from({ length: 2_000 }, (_, i) => `aaa${i} aab${i}`));
    const short = 'aaa1 aa aaaa '.repeat(4_000);
    const msOf = (text: string): number => {
      let least = Number.POSITIVE_INFINITY;
      for (let round = 0; round < 8; round++) {
        const start = performance.now();
        set.scan(text, []);
        least = Math.min(least, performance.now() - start);
      }
      return least;
    };
    msOf(short);
    const ratio = msOf(short.repeat(16)) / msOf(short);
    // A square would make it 256.
    assert.ok(ratio < 128, `16 times the text took ${ratio.toFixed(1)} times the time`);
  });
});

describe('folding', () => {
  it('gives letters, digits and separators only, and is stable', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const folded = foldText(text);
        assert.match(folded, /^[\p{L}\p{N}\p{M} ]*$/u);
        assert.ok(!/ {2}|^ | $/.test(folded));
      }),
    );
  });

  it('reads the digits of every script', () => {
    assert.equal(foldText('١٢٣ ४५६ ７８９ 𝟎𝟏 ๙'), '123 456 789 01 9');
  });
});
