/**
 * The guide to terms, followed to the letter: each command that it shows with `$` is run, each change
 * is made, and what it says that a command prints is what the command prints.
 */
import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { proviso, ROOT } from './cli/run.ts';

const GUIDE = readFileSync(join(ROOT, 'docs/guide/terms.md'), 'utf8');
const BLOCK = /^```([a-z]*)\n([^]*?)^```$/gm;

test('the guide to terms can be followed to the letter', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'proviso-guide-'));
  t.after(() => rmSync(folder, { recursive: true }));
  let ran = 0;
  for (const [, kind, block = ''] of GUIDE.matchAll(BLOCK)) {
    if (kind === 'diff') change(folder, block);
    else if (kind === 'cedar') write(folder, block);
    else if (kind === '') ran += await follow(folder, block);
  }
  assert.ok(ran > 10, `${ran} commands`);
});

/** As `git diff` writes a change, without line numbers. */
function change(folder: string, block: string): void {
  const [head = '', ...lines] = block.trimEnd().split('\n');
  const file = join(folder, head.replace('--- ', ''));
  const side = (marks: string): string =>
    lines
      .filter((line) => marks.includes(line[0] ?? ''))
      .map((line) => line.slice(1))
      .join('\n');
  const text = readFileSync(file, 'utf8');
  assert.equal(text.split(side(' -')).length, 2, `${block} is in ${head} once`);
  writeFileSync(
    file,
    text.replace(side(' -'), () => side(' +')),
  );
}

/** A new file, whose first line names it. */
function write(folder: string, block: string): void {
  const [, file] = /^\/\/ (\S+)\n/.exec(block) ?? [];
  assert.ok(file, block);
  writeFileSync(join(folder, file), block);
}

/** Runs what can be run anywhere; the keys of parties are others each time. */
async function follow(folder: string, block: string): Promise<number> {
  let ran = 0;
  for (const [, line = '', said = ''] of block.matchAll(/^\$ (.*)\n((?:(?!\$ ).*\n)*)/gm)) {
    const [, from, to] = /^cp -r (\S+) (\S+)$/.exec(line) ?? [];
    if (from !== undefined && to !== undefined) {
      cpSync(join(folder, from), join(folder, to), { recursive: true });
    }
    const [, args] = /^npx proviso (terms .*)$/.exec(line) ?? [];
    if (args === undefined) continue;
    ran++;
    const { stdout, stderr } = await proviso(
      ...args.split(' ').map((arg) => inFolder(folder, arg)),
    );
    assertSays(line, (stdout + stderr).replaceAll(`${folder}/`, ''), said);
  }
  return ran;
}

function inFolder(folder: string, arg: string): string {
  return /^(?:my-terms|agreed)\b/.test(arg) ? join(folder, arg) : arg;
}

/** The lines stand in the output in their order; `…` is any lines, or the rest of one. */
function assertSays(command: string, output: string, said: string): void {
  let at = 0;
  for (const line of said.split('\n').filter((line) => line !== '' && line !== '…')) {
    const pieces = line.split('…').map((piece) => piece.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
    const found = new RegExp(`^${pieces.join('.*')}$`, 'm').exec(output.slice(at));
    assert.ok(found, `${command}\ndoes not say\n${line}\nbut\n${output}`);
    at += found.index + found[0].length;
  }
}
