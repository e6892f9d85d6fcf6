/** Runs the real CLI as a child process, on this Node. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
export const EXAMPLE_TERMS = join(ROOT, 'examples/terms/restricted-use');

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export async function proviso(...args: readonly string[]): Promise<Ran> {
  const child = launch(args);
  const [stdout, stderr] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    ended(child),
  ]);
  return { code: child.exitCode, stdout, stderr };
}

/** As `proviso`, with `--json`: exactly one document on stdout. */
export async function provisoJson(
  ...args: readonly string[]
): Promise<{ readonly code: number | null; readonly document: Document }> {
  const { code, stdout } = await proviso(...args, '--json');
  return { code, document: JSON.parse(stdout) as Document };
}

// oxlint-disable-next-line typescript/no-explicit-any -- tests look into documents of many shapes
export type Document = Record<string, any>;

export interface Started {
  readonly child: ChildProcess;
  readonly ready: Document;
  /** What was written to stderr so far. */
  readonly log: () => string;
  /** Sends the signal and resolves with the exit code. */
  readonly end: (signal?: NodeJS.Signals) => Promise<number | null>;
}

/** `proviso start --json`, ready to serve; killed at the end of the test should it still run. */
export async function startGateway(
  t: TestContext,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Started> {
  const child = launch(['start', '--json', ...args], env);
  t.after(() => child.kill('SIGKILL'));
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const ready = await new Promise<Document>((resolve, reject) => {
    let stdout = '';
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString();
      if (stdout.endsWith('\n}\n')) resolve(JSON.parse(stdout) as Document);
    });
    child.once('exit', (code) => reject(new Error(`start ended with ${code}: ${stdout}${stderr}`)));
  });
  return {
    child,
    ready,
    log: () => stderr,
    async end(signal = 'SIGTERM') {
      child.kill(signal);
      await ended(child);
      return child.exitCode;
    },
  };
}

export function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'proviso-cli-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Polls until the condition holds; fails after ten seconds. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (let left = 200; left > 0; left--) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('did not come to be within ten seconds');
}

export function launch(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const { PATH = '', HOME = '' } = process.env;
  return spawn(process.execPath, [MAIN, ...args], {
    env: { PATH, HOME, ...env },
    cwd: tmpdir(),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
}
