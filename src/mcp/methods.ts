/**
 * What client and server may say to each other through Proviso, by the method's name, and how each
 * is treated. INVARIANT (2): a method or parameter that does not stand here is refused.
 * Spec: https://modelcontextprotocol.io/specification/2025-11-25
 */

export interface Method {
  /**
   * `pass`: goes through as it is. `use`: is decided under the terms, as the use of a tool that
   * goes by the method's own name. `tool`: is decided as the tool that it calls.
   */
  readonly treatment: 'pass' | 'use' | 'tool';
  readonly params: readonly string[];
}

/** The name by which terms know a decided method: `mcp.resources/read`. */
export function toolNameOf(method: string): string {
  return `mcp.${method}`;
}

const PAGE = ['cursor'];

export const CLIENT_REQUESTS: Readonly<Record<string, Method>> = {
  initialize: pass('protocolVersion', 'capabilities', 'clientInfo'),
  ping: pass(),
  'logging/setLevel': pass('level'),
  'tools/list': pass(...PAGE),
  'tools/call': { treatment: 'tool', params: ['name', 'arguments'] },
  'resources/list': pass(...PAGE),
  'resources/templates/list': pass(...PAGE),
  'resources/read': use('uri'),
  'resources/subscribe': use('uri'),
  'resources/unsubscribe': pass('uri'),
  'prompts/list': pass(...PAGE),
  'prompts/get': use('name', 'arguments'),
  'completion/complete': use('ref', 'argument', 'context'),
};

export const CLIENT_NOTIFICATIONS: Readonly<Record<string, Method>> = {
  'notifications/initialized': pass(),
  'notifications/cancelled': pass('requestId', 'reason'),
  'notifications/progress': pass('progressToken', 'progress', 'total', 'message'),
  'notifications/roots/list_changed': pass(),
};

export const SERVER_REQUESTS: Readonly<Record<string, Method>> = {
  ping: pass(),
  'roots/list': use(),
  'sampling/createMessage': use(
    'messages',
    'modelPreferences',
    'systemPrompt',
    'includeContext',
    'temperature',
    'maxTokens',
    'stopSequences',
    'metadata',
    'tools',
    'toolChoice',
  ),
  'elicitation/create': use('mode', 'message', 'requestedSchema', 'elicitationId', 'url'),
};

export const SERVER_NOTIFICATIONS: Readonly<Record<string, Method>> = {
  'notifications/cancelled': pass('requestId', 'reason'),
  'notifications/progress': pass('progressToken', 'progress', 'total', 'message'),
  'notifications/message': pass('level', 'logger', 'data'),
  'notifications/resources/updated': pass('uri', 'title'),
  'notifications/resources/list_changed': pass(),
  'notifications/tools/list_changed': pass(),
  'notifications/prompts/list_changed': pass(),
  'notifications/elicitation/complete': pass('elicitationId'),
};

/** Capabilities that Proviso carries; others are not offered to the other side. */
export const CLIENT_CAPABILITIES = ['roots', 'sampling', 'elicitation'] as const;
export const SERVER_CAPABILITIES = [
  'logging',
  'prompts',
  'resources',
  'tools',
  'completions',
] as const;

function pass(...params: string[]): Method {
  return { treatment: 'pass', params };
}

function use(...params: string[]): Method {
  return { treatment: 'use', params };
}
