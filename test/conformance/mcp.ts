/**
 * The official MCP conformance suite, as the client of a server that stands behind Proviso. The suite
 * sends no key in a header, so the key travels in the address.
 * https://github.com/modelcontextprotocol/conformance
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { McpServers } from '#mcp/serve.ts';
import { openGateway } from '../harness/gateway.ts';
import type { Suite } from './suite.ts';

const SERVER = fileURLToPath(new URL('../harness/mcp-server.ts', import.meta.url));
const SUITE = fileURLToPath(new URL('../../node_modules/.bin/conformance', import.meta.url));
const TIME_MS_MAX = 120_000;

export const suite: Suite = async (_dir, report) => {
  const folder = mkdtempSync(join(tmpdir(), 'proviso-mcp-'));
  const gateway = await openGateway({
    config: { mcp: { everything: { command: process.execPath, args: [SERVER] } } },
    mounts: (opened) => [new McpServers(opened)],
  });
  try {
    const url = `${gateway.address}/mcp/everything?key=${gateway.key}`;
    await run([SUITE, 'server', '--url', url, '--output-dir', folder]);
    for (const { name, failure } of checksIn(folder)) report(name, failure);
  } finally {
    await gateway.close();
    rmSync(folder, { recursive: true });
  }
};

/** It exits with 1 where a check failed, which is an answer: what it wrote says which. */
function run(args: readonly string[]): Promise<void> {
  return new Promise((resolve) => {
    execFile(process.execPath, args, { maxBuffer: 1e8, timeout: TIME_MS_MAX }, () => resolve());
  });
}

interface Check {
  readonly id: string;
  readonly status: 'SUCCESS' | 'FAILURE' | 'WARNING' | 'INFO' | 'SKIPPED';
  readonly errorMessage?: string;
}

function checksIn(folder: string): { readonly name: string; readonly failure?: string }[] {
  return readdirSync(folder).flatMap((scenario) => {
    const text = readFileSync(join(folder, scenario, 'checks.json'), 'utf8');
    return (JSON.parse(text) as readonly Check[])
      .filter(({ status }) => status !== 'INFO')
      .map(({ id, status, errorMessage }) =>
        status === 'SUCCESS' ? { name: id } : { name: id, failure: errorMessage ?? status },
      );
  });
}
