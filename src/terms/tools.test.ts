import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compileToolClasses, plainName } from './tools.ts';

const classes = compileToolClasses(
  new Map([
    ['force', ['fire_weapon*', '*missile*']],
    ['observe', ['get_*', 'read_file']],
  ]),
);

test('a name is in every class that matches, and unclassified otherwise', () => {
  assert.deepEqual(classes.classesOf('get_weather'), ['observe']);
  assert.deepEqual(classes.classesOf('get_missile_status'), ['force', 'observe']);
  assert.deepEqual(classes.classesOf('read_file_twice'), ['unclassified']);
  assert.deepEqual(classes.classesOf(''), ['unclassified']);
});

test('lookalikes of a name are the name', () => {
  const lookalikes = [
    'FIRE_WEAPON',
    'fireWeapon',
    'fire-weapon',
    'fire.weapon_now',
    'fire\u200bweapon',
    'f\u00adireweapon',
    'ｆｉｒｅ＿ｗｅａｐｏｎ',
    '𝐟𝐢𝐫𝐞_𝐰𝐞𝐚𝐩𝐨𝐧',
    'ﬁre_weapon',
    'fіrе_wеароn',
    'fíre_wéapon',
    'FİRE_WEAPON',
  ];
  for (const name of lookalikes) assert.deepEqual(classes.classesOf(name), ['force'], name);
});

test('separators and case never change the class', () => {
  const separator = fc.constantFrom('', '_', '-', ' ', '.', '/', '::', '\u200d');
  fc.assert(
    fc.property(fc.array(separator, { minLength: 10, maxLength: 10 }), (gaps) => {
      const spread = Array.from('fireweapon', (letter, i) => letter + (gaps[i] ?? '')).join('');
      assert.equal(plainName(spread), 'fireweapon');
      assert.deepEqual(classes.classesOf(spread.toUpperCase()), ['force']);
    }),
  );
});

test('what is remembered does not change an answer', () => {
  const fresh = compileToolClasses(new Map([['force', ['fire_weapon*']]]));
  for (let i = 0; i < 25_000; i++) fresh.classesOf(`tool-${i}`);
  assert.deepEqual(fresh.classesOf('fire_weapon'), ['force']);
  assert.deepEqual(fresh.classesOf('tool-1'), ['unclassified']);
});
