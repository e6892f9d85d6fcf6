/** docs/guide/answer-a-question.md, followed: each of its commands does what the page says. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { provisoJson, ROOT, temporaryFolder } from './run.ts';

const page = readFileSync(join(ROOT, 'docs/guide/answer-a-question.md'), 'utf8');
const commands = [...page.matchAll(/^```\n([^]*?)^```$/gm)]
  .flatMap(([, block = '']) => block.replaceAll(/\\\n\s*/g, '').split('\n'))
  .filter((line) => line.startsWith('npx proviso '));

test('the guide “Answer a question about use” can be followed to its end', {
  timeout: 110_000,
}, async (t) => {
  const folder = temporaryFolder(t);
  assert.ok(commands.length > 9, `${commands.length} commands`);
  let inquiry = '';
  let erased = false;
  for (const command of commands) {
    if (command.includes('--page') && !existsSync(join(ROOT, 'dist/verify/verify.html'))) continue;
    // The demo's ledger may have another number of entries than when the page was written.
    const own = command.replace(/inquiry (answer|show) \d+/, `inquiry $1 ${inquiry}`);
    const said = await shell(own, folder);
    if (command.includes('inquiry open')) [, inquiry = ''] = /^inquiry (\d+)$/m.exec(said) ?? [];
    if (command.includes('inquiry show')) {
      assert.match(said, /answered/);
      assert.match(said, /disclosure +[0-9a-f]{64}/);
    }
    if (command.includes('disclose')) assert.match(said, /^shown$/m);
    if (command.includes('verify no-call')) assert.match(said, /none matches `provider=acme`/);
    if (command.includes('verify refused')) assert.match(said, /caller {2}\{"id":"demo"/);
    if (command.includes('erase')) erased = true;
  }
  assert.ok(erased && inquiry !== '');

  // What the page says at its end: proofs of before stay valid, and nobody opens what went.
  const key = readFileSync(join(folder, 'demo-data/ledger/keys/ledger.pub'), 'utf8').trim();
  const file = join(folder, 'refused.json');
  const good = await provisoJson('verify', file, '--key', key);
  assert.deepEqual([good.code, good.document['isShown']], [0, true]);
  const none = await provisoJson('verify', file);
  assert.deepEqual([none.code, none.document['problem'].signedBy], [2, key]);
  const { code, document } = await provisoJson('key', 'list', '--data', join(folder, 'demo-data'));
  assert.deepEqual([code, document['keys'][0].state], [0, 'erased']);
});

const run = promisify(execFile);

/** As typed, with `npx proviso` being this checkout's. */
async function shell(command: string, cwd: string): Promise<string> {
  const main = join(ROOT, 'src/cli/main.ts');
  const script = command.replace('npx proviso', `exec "${process.execPath}" "${main}"`);
  const { stdout } = await run('sh', ['-c', script], { cwd, timeout: 60_000 });
  return stdout;
}
