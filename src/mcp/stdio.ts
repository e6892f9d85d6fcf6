/** MCP over standard input and output, carried to a gateway and back: for clients that speak no HTTP. */
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import type { JSONRPCMessage, RequestId } from '@modelcontextprotocol/sdk/types.js';

/**
 * Resolves when either side ends. Whatever fails is told to the client, as the answer to its request.
 * @param note takes a line for a person; standard output belongs to the protocol
 */
export function carryStdio(
  url: URL,
  headers: Readonly<Record<string, string>>,
  note: (line: string) => void,
): Promise<void> {
  const near: Transport = new StdioServerTransport();
  const far = new StreamableHTTPClientTransport(url, { requestInit: { headers } }) as Transport;
  return new Promise((resolve, reject) => {
    let isOver = false;
    const end = (): void => {
      if (isOver) return;
      isOver = true;
      void Promise.allSettled([near.close(), far.close()]).then(() => resolve());
    };
    near.onclose = end;
    far.onclose = end;
    process.stdin.once('end', end);
    near.onmessage = (message) => {
      far.send(message).catch((cause: Error) => {
        note(cause.message);
        if ('method' in message && 'id' in message) void near.send(failed(message.id, cause));
      });
    };
    far.onmessage = (message) => {
      const version = versionIn(message);
      if (version !== undefined) far.setProtocolVersion?.(version);
      void near.send(message);
    };
    far.onerror = (cause) => note(cause.message);
    Promise.all([near.start(), far.start()]).catch(reject);
  });
}

/** The version that both sides agreed on stands in the answer to `initialize` alone. */
function versionIn(message: JSONRPCMessage): string | undefined {
  if (!('result' in message)) return undefined;
  const version = (message.result as { protocolVersion?: unknown }).protocolVersion;
  return typeof version === 'string' ? version : undefined;
}

function failed(id: RequestId, { message }: Error): JSONRPCMessage {
  return { jsonrpc: '2.0', id, error: { code: -32603, message } };
}
