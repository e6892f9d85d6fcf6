/** The way to a server: its address, or the program that Proviso starts for each session. */
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import type { McpServerConfig } from '#config/config.ts';

/** @param onWords is given what a program writes to its standard error */
export function openUpstream(server: McpServerConfig, onWords: (text: string) => void): Transport {
  if (server.kind === 'http') {
    const headers = Object.fromEntries(
      [...server.headers].map(([name, secret]) => [name, secret.reveal()]),
    );
    const transport = new StreamableHTTPClientTransport(new URL(server.url), {
      requestInit: { headers },
      redirectPolicy: 'same-origin',
    });
    // The SDK's own declaration has `sessionId` wider than its interface.
    return transport;
  }
  const env = Object.fromEntries([...server.env].map(([name, secret]) => [name, secret.reveal()]));
  const transport = new StdioClientTransport({
    command: server.command,
    args: [...server.args],
    // Of Proviso's own environment, where secrets stand, the SDK gives it `PATH`, `HOME` and the like.
    env,
    cwd: server.folder,
    stderr: 'pipe',
  });
  transport.stderr?.on('data', (chunk: Buffer) => onWords(chunk.toString('utf8').trimEnd()));
  return transport;
}
