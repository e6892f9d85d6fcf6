/** The verifier runs in a browser: nothing that it loads may need more than one has. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';

const src = join(import.meta.dirname, '../..');

test('nothing that the verifier loads is Node’s, or a package', () => {
  const loaded = new Set<string>();
  const load = (file: string): void => {
    if (loaded.has(file)) return;
    loaded.add(file);
    const text = readFileSync(file, 'utf8');
    const code = text.replace(/\/\*[^]*?\*\//g, '');
    assert.ok(!/\bBuffer\b|\bglobalThis\b|\brequire\(/.test(code), file);
    for (const [, specifier = ''] of text.matchAll(
      /^(?:import|export) (?!type )[^;]*?from '(.*?)'/gm,
    )) {
      assert.match(specifier, /^[.#]/, `${file} imports ${specifier}`);
      load(
        specifier.startsWith('#') ? join(src, specifier.slice(1)) : join(dirname(file), specifier),
      );
    }
  };
  load(join(import.meta.dirname, 'verify.ts'));
  assert.ok(loaded.size > 10);
});
