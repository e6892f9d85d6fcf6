import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { wordsOfName } from './names.ts';
import { anyText } from './text.arbitrary.ts';

it('cuts names into their words', () => {
  for (const [name, words] of [
    ['findPerson', 'find Person'],
    ['HTTPServer2', 'HTTP Server 2'],
    ['find_person', 'find_person'],
    ['get2FACode', 'get 2 FA Code'],
    ['Äpfel', 'Äpfel'],
    ['', ''],
  ] as const) {
    assert.equal(wordsOfName(name), words);
  }
});

it('adds spaces and nothing else, the second time too', () => {
  fc.assert(
    fc.property(anyText, (name) => {
      const words = wordsOfName(name);
      assert.equal(words.replaceAll(' ', ''), name.replaceAll(' ', ''));
      assert.equal(wordsOfName(name), words);
    }),
  );
});
