/** One MCP server, as proviso.yaml names it. */
import { checkUrl } from './address.ts';
import type { McpServerConfig } from './config.ts';
import type { Around } from './problem.ts';
import type { McpServerInput } from './schema.ts';
import { fetchSecret, Secret, type SecretPlace } from './secret.ts';

export function resolveMcpServer(
  name: string,
  { url, headers, command, args, env }: McpServerInput,
  around: Around,
): McpServerConfig {
  const path = ['mcp', name];
  if (command !== undefined) {
    const values = secretsOf(env, [...path, 'env'], around);
    return { kind: 'stdio', name, command, args, env: values, folder: around.folder };
  }
  checkUrl(url ?? '', [...path, 'url'], around.report);
  const values = secretsOf(headers, [...path, 'headers'], around);
  return { kind: 'http', name, url: url ?? '', headers: values };
}

function secretsOf(
  given: Readonly<Record<string, string | SecretPlace>>,
  path: readonly PropertyKey[],
  around: Around,
): ReadonlyMap<string, Secret> {
  const values = new Map<string, Secret>();
  for (const [name, value] of Object.entries(given)) {
    const secret =
      typeof value === 'string' ? new Secret(value) : fetchSecret(value, [...path, name], around);
    if (secret) values.set(name, secret);
  }
  return values;
}
