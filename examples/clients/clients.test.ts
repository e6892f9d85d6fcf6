/** Every example client of this folder, run as a person would, against a gateway with the sandbox. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { openGateway, type TestGateway } from '../../test/harness/gateway.ts';

const run = promisify(execFile);

let proviso: TestGateway;
before(async () => {
  proviso = await openGateway({ config: { models: { house: 'sandbox/house-model' } } });
});
after(() => proviso.close());

/** A Python that has `openai`, `anthropic` and `google-genai`. */
const PYTHON = process.env['PROVISO_PYTHON'];

/** What the example prints, with nothing of this process's environment but what it needs. */
async function outputOf(command: string, example: URL, more: Record<string, string> = {}) {
  const env = {
    PATH: process.env['PATH'],
    PROVISO_URL: proviso.address,
    PROVISO_KEY: proviso.key,
    PROVISO_MODEL: 'house',
    AI_SDK_LOG_WARNINGS: 'false',
    ...more,
  };
  const args = [fileURLToPath(example)];
  const { stdout } = await run(command, args, { env, timeout: 60_000 });
  return stdout;
}

/** The sandbox answered, and the refusal is the one that stands in the ledger. */
async function assertBothShown(output: string): Promise<void> {
  assert.match(output, /^permitted: .*good morning/m);
  assert.match(output, /^refused: purpose_required$/m);
  assert.match(output, /tracking-persons-in-a-call/);
  const numbers = [...output.matchAll(/^entry: (\d+)$/gm)].map(([, number]) => Number(number));
  const entries = await proviso.entries();
  assert.equal(entries[numbers.at(-1) ?? -1]?.public['code'], 'purpose_required');
  if (numbers.length > 1) assert.equal(entries[numbers[0] ?? -1]?.public['effect'], 'permit');
}

const NODE_EXAMPLES: readonly URL[] = [
  new URL('./openai.ts', import.meta.url),
  new URL('./anthropic.ts', import.meta.url),
  new URL('./google.ts', import.meta.url),
  new URL('./vercel-ai.ts', import.meta.url),
  new URL('./langchain.ts', import.meta.url),
];
for (const example of NODE_EXAMPLES) {
  test(`the example ${nameOf(example)}`, async () => {
    await assertBothShown(await outputOf(process.execPath, example));
  });
}

test('the example environment.ts, with base URLs and keys from the environment alone', async () => {
  const { address, key } = proviso;
  const output = await outputOf(process.execPath, new URL('./environment.ts', import.meta.url), {
    OPENAI_BASE_URL: `${address}/v1`,
    OPENAI_API_KEY: key,
    ANTHROPIC_BASE_URL: address,
    ANTHROPIC_API_KEY: key,
    GOOGLE_GEMINI_BASE_URL: address,
    GEMINI_API_KEY: key,
  });
  assert.match(output, /^OpenAI: house/m);
  assert.match(output, /^Anthropic: house/m);
  assert.match(output, /^Google: models\/house/m);
});

test('the example curl.sh', async () => {
  const output = await outputOf('sh', new URL('./curl.sh', import.meta.url));
  assert.match(output, /^HTTP\/1\.1 200/m);
  assert.match(output, /^HTTP\/1\.1 403/m);
  assert.match(output, /^proviso-code: purpose_required\r?$/m);
  assert.match(output, /good morning/i);
});

// npm brings no Python clients; CONTRIBUTING.md says how to bring them.
const skip = PYTHON === undefined ? 'PROVISO_PYTHON names no Python with the clients' : false;
for (const name of ['openai_client.py', 'anthropic_client.py', 'google_client.py']) {
  const example = new URL(name, import.meta.url);
  test(`the example ${name}`, { skip }, async () => {
    await assertBothShown(await outputOf(PYTHON ?? '', example));
  });
}

function nameOf(example: URL): string {
  return example.pathname.slice(example.pathname.lastIndexOf('/') + 1);
}
