/** The demo shows the whole job; its exit code is the proof that it went as it should. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { PROTOCOLS } from '#wire/exchange.ts';
import { proviso, provisoJson, temporaryFolder } from './run.ts';

interface DemoCall {
  readonly protocolIn: string;
  readonly protocolOut: string;
  readonly streamed: boolean;
  readonly decision: string;
  readonly rules: readonly string[];
}

test('every protocol in and out, streamed and not, permitted and refused; the ledger verifies', async (t) => {
  const kept = join(temporaryFolder(t), 'kept');
  const { code, document } = await provisoJson('demo', '--keep', kept);
  assert.equal(code, 0);
  const calls = document['calls'] as DemoCall[];
  const seen = new Set(calls.map((call) => JSON.stringify(Object.values(call).slice(0, 4))));
  for (const protocolIn of PROTOCOLS) {
    for (const protocolOut of PROTOCOLS) {
      for (const streamed of [false, true]) {
        const wanted = JSON.stringify([protocolIn, protocolOut, streamed, 'permit']);
        assert.ok(seen.has(wanted), wanted);
      }
    }
    for (const decision of ['deny', 'hold']) {
      assert.ok(
        calls.some((call) => call.protocolIn === protocolIn && call.decision === decision),
        `${protocolIn} ${decision}`,
      );
    }
  }
  assert.ok(calls.every(({ rules }) => rules.length > 0));
  assert.equal(document['ledger'].verified, true);
  assert.ok(document['ledger'].size >= 2 * calls.length);
  assert.ok(existsSync(join(kept, 'ledger', 'checkpoint')));
});

test('without --keep nothing stays, and a person gets a table', async () => {
  const { code, stdout } = await proviso('demo');
  assert.equal(code, 0);
  assert.match(stdout, /^client +asked +protocol in → out +streamed +decision +rules +clause$/m);
  assert.match(stdout, /^@google\/genai .*gemini → each .*permit .*open-use/m);
  assert.match(stdout, /decisions, each as it should be\.\nThe ledger of \d+ entries verifies/);
  const shown = new Set(stdout.split('\n').map(narrowed));
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
  const recorded =
    /^\$ npx proviso demo\n([^]*?)^```$/m.exec(readme)?.[1]?.trimEnd().split('\n') ?? [];
  assert.ok(recorded.length > 10);
  assert.deepEqual(
    recorded.filter((line) => line !== '…' && !shown.has(narrowed(line))),
    [],
    'the README shows another demo',
  );
});

function narrowed(line: string): string {
  return line.trim().replaceAll(/ +/g, ' ');
}
