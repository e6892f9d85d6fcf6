/**
 * Tools that run inside a provider never come back to be decided: wherever a request can ask for
 * one, it is decided, or refused, before anything leaves.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject, JsonValue } from '#base/json.ts';
import { PROTOCOLS, type Protocol } from '#wire/exchange.ts';
import { arena } from '../harness/attack.ts';
import { outcomeOf } from '../harness/gateway.ts';
import { bodyOf, pathOf, post } from '../harness/raw.ts';
import { speak } from '../harness/said/speak.ts';
import { says } from '../harness/upstream.ts';

const PURPOSE = { owner: 'harbour master', authority: 'by-law 12', callers: ['*'] };
const attack = arena({
  config: {
    purposes: {
      berths: { ...PURPOSE, title: 'Berths', tools: ['find_berth'] },
      reaching: { ...PURPOSE, title: 'Reaching out', allows: ['provider-tools'] },
    },
  },
});

interface Tool {
  /** What is added to the request. */
  readonly fields: JsonObject;
  /** As terms and purposes name it. */
  readonly kind: string;
}

const SERVER = 'http://127.0.0.1:9/mcp';

/** Those that act on other systems: the example terms forbid them without a purpose that allows it. */
const REACHING: Readonly<Record<Protocol, Readonly<Record<string, Tool>>>> = {
  'openai-chat': {},
  'openai-responses': {
    mcp: tools('remote_mcp', { type: 'mcp', server_label: 'x', server_url: SERVER }),
    'mcp by connector': tools('remote_mcp', {
      type: 'mcp',
      server_label: 'x',
      connector_id: 'connector_gmail',
    }),
    'mcp without approval': tools('remote_mcp', {
      type: 'mcp',
      server_label: 'x',
      server_url: SERVER,
      require_approval: 'never',
    }),
    'a shell in a container': tools('shell', {
      type: 'shell',
      environment: { type: 'container_auto' },
    }),
  },
  anthropic: {
    web_fetch: tools('web_fetch', { type: 'web_fetch_20250910', name: 'web_fetch' }),
    mcp_servers: {
      kind: 'remote_mcp',
      fields: { mcp_servers: [{ type: 'url', url: SERVER, name: 'x' }] },
    },
    mcp_toolset: tools('remote_mcp', { type: 'mcp_toolset', mcp_server_name: 'x' }),
    advisor: tools('other', { type: 'advisor_20260301', name: 'advisor', model: 'another' }),
  },
  gemini: {
    urlContext: tools('web_fetch', { urlContext: {} }),
    url_context: tools('web_fetch', { url_context: {} }),
    mcpServers: tools('remote_mcp', {
      mcpServers: [{ name: 'x', streamableHttpTransport: { url: SERVER } }],
    }),
    mcp_servers: tools('remote_mcp', {
      mcp_servers: [{ name: 'x', streamable_http_transport: { url: SERVER } }],
    }),
    'one beside functions': tools('web_fetch', { functionDeclarations: [], urlContext: {} }),
  },
};

/** Those that the example terms leave open, and a purpose may not cover. */
const OPEN: Readonly<Record<Protocol, Readonly<Record<string, Tool>>>> = {
  'openai-chat': {
    web_search_options: { kind: 'web_search', fields: { web_search_options: {} } },
  },
  'openai-responses': {
    web_search: tools('web_search', { type: 'web_search' }),
    web_search_preview: tools('web_search', { type: 'web_search_preview' }),
    x_search: tools('web_search', { type: 'x_search' }),
    code_interpreter: tools('code_execution', {
      type: 'code_interpreter',
      container: { type: 'auto' },
    }),
    file_search: tools('file_search', { type: 'file_search', vector_store_ids: ['vs_1'] }),
    image_generation: tools('image_generation', { type: 'image_generation' }),
  },
  anthropic: {
    web_search: tools('web_search', { type: 'web_search_20250305', name: 'web_search' }),
    code_execution: tools('code_execution', {
      type: 'code_execution_20250825',
      name: 'code_execution',
    }),
    container: { kind: 'code_execution', fields: { container: 'container_1' } },
    'container with skills': {
      kind: 'code_execution',
      fields: { container: { skills: [{ type: 'anthropic', skill_id: 'pptx', version: '1' }] } },
    },
  },
  gemini: {
    googleSearch: tools('web_search', { googleSearch: {} }),
    google_search: tools('web_search', { google_search: {} }),
    google_search_retrieval: tools('web_search', { google_search_retrieval: {} }),
    codeExecution: tools('code_execution', { codeExecution: {} }),
    code_execution: tools('code_execution', { code_execution: {} }),
    googleMaps: tools('maps', { googleMaps: {} }),
    fileSearch: tools('file_search', { fileSearch: { fileSearchStoreNames: ['x'] } }),
    retrieval: tools('file_search', { retrieval: { vertexAiSearch: { datastore: 'x' } } }),
  },
};

function tools(kind: string, ...list: readonly JsonValue[]): Tool {
  return { kind, fields: { tools: list } };
}

for (const protocol of PROTOCOLS) {
  for (const [name, { fields, kind }] of Object.entries(REACHING[protocol])) {
    test(`${protocol}: ${name} is denied, and the denial recorded`, async () => {
      const from = await attack.proviso.settled();
      const body = bodyOf(protocol, 'Look.', fields);
      const { text } = await attack.refuses(pathOf(protocol), body, 'purpose_required');
      assert.match(text, /reaching-out-from-a-provider/);
      const entries = await attack.proviso.entries(from);
      assert.equal(entries[0]?.public['effect'], 'deny');
      assert.equal(outcomeOf(entries, from)['outcome'], 'denied');
      assert.match(JSON.stringify(entries[0]?.private['facts']), new RegExp(`"${kind}"`));
    });

    test(`${protocol}: ${name} is carried for a purpose that allows it`, async () => {
      attack.upstream.answer(says(speak(protocol, { text: 'Berth 4.' })));
      const body = bodyOf(protocol, 'Look.', fields);
      const headers = { 'proviso-purpose': 'reaching' };
      const answer = await post(attack.proviso, pathOf(protocol), body, headers);
      assert.equal(answer.status, 200, answer.text);
      assert.equal(attack.upstream.take().length, 1);
    });
  }

  for (const [name, { fields, kind }] of Object.entries({
    ...REACHING[protocol],
    ...OPEN[protocol],
  })) {
    test(`${protocol}: ${name} is a tool that a purpose must cover`, async () => {
      const body = bodyOf(protocol, 'Look.', fields);
      const headers = { 'proviso-purpose': 'berths' };
      const answer = await attack.refuses(pathOf(protocol), body, 'purpose_exceeded', headers);
      assert.match(answer.text, new RegExp(`\`${kind}\``));
    });
  }

  for (const [name, { fields, kind }] of Object.entries(OPEN[protocol])) {
    test(`${protocol}: ${name} is decided by itself before it is carried`, async () => {
      attack.upstream.answer(says(speak(protocol, { text: 'Berth 4.' })));
      const from = await attack.proviso.settled();
      const body = bodyOf(protocol, 'Look.', fields);
      const answer = await post(attack.proviso, pathOf(protocol), body);
      assert.equal(answer.status, 200, answer.text);
      const [entry] = await attack.proviso.entries(from);
      const asked = entry?.private['facts'] as readonly JsonObject[];
      const own = asked.filter(({ operation }) => operation === 'call_tool');
      assert.deepEqual(
        own.map((facts) => [(facts['tool'] as JsonObject)['name'], facts['runsAt']]),
        [[kind, 'provider']],
      );
    });
  }
}

/** Tools, items and choices that no version knows, that are spelt otherwise, or out of their place. */
const UNKNOWN: Readonly<Record<Protocol, Readonly<Record<string, JsonObject>>>> = {
  'openai-chat': {
    'a tool of the Responses API': { tools: [{ type: 'web_search' }] },
    'a remote MCP server': { tools: [{ type: 'mcp', server_url: SERVER }] },
    'a function of another type': { tools: [{ type: 'Function', function: { name: 'f' } }] },
    'a function with a second face': {
      tools: [{ type: 'function', function: { name: 'f' }, custom: { name: 'g' } }],
    },
    'tools in a message': { messages: [{ role: 'user', content: 'x', tools: [] }] },
  },
  'openai-responses': {
    'a tool of tomorrow': { tools: [{ type: 'web_search_2099_01_01' }] },
    'a tool in another case': { tools: [{ type: 'MCP', server_url: SERVER }] },
    'a stored prompt': { prompt: { id: 'pmpt_1' } },
    'an earlier response': { previous_response_id: 'resp_1' },
    'an item kept at the provider': { input: [{ type: 'item_reference', id: 'rs_1' }] },
    'an item kept at the provider, by its id alone': { input: [{ id: 'rs_1' }] },
    'an MCP server by an item': {
      input: [
        { type: 'mcp_list_tools', id: 'x', server_label: 'x', server_url: SERVER, tools: [] },
      ],
    },
    'a tool hidden in a search result': {
      input: [
        {
          type: 'tool_search_output',
          call_id: 'c',
          execution: 'client',
          status: 'completed',
          tools: [{ type: 'mcp', server_label: 'x', server_url: SERVER }],
        },
      ],
    },
  },
  anthropic: {
    'a tool of tomorrow': { tools: [{ type: 'web_search_20990101', name: 'web_search' }] },
    'a tool in another case': { tools: [{ type: 'WEB_FETCH_20250910', name: 'web_fetch' }] },
    'a type with a space': { tools: [{ type: 'web_fetch_20250910 ', name: 'web_fetch' }] },
    'a server within a tool': {
      tools: [{ name: 'f', input_schema: { type: 'object' }, mcp_servers: [{ url: SERVER }] }],
    },
    'a server with fields of its own': {
      mcp_servers: [{ type: 'url', url: SERVER, name: 'x', headers: { host: 'y' } }],
    },
  },
  gemini: {
    'a tool of tomorrow': { tools: [{ googleSearch2: {} }] },
    'a tool in another case': { tools: [{ GoogleSearch: {} }] },
    'a tool half in one spelling': { tools: [{ google_Search: {} }] },
    'a cached content': { cachedContent: 'cachedContents/1' },
    'a cached content, the other spelling': { cached_content: 'cachedContents/1' },
    'a cached content, in both': { cachedContent: 'a', cached_content: 'b' },
  },
};

for (const protocol of PROTOCOLS) {
  for (const [what, fields] of Object.entries(UNKNOWN[protocol])) {
    test(`${protocol}: ${what} is refused`, async () => {
      const body = bodyOf(protocol, 'Look.', fields);
      const codes = ['unknown_field', 'invalid_request', 'unsupported', 'duplicate_key'] as const;
      await attack.refuses(pathOf(protocol), body, codes);
    });
  }
}

test('what runs at the caller is offered, and its calls come back to be decided', async () => {
  for (const [protocol, fields] of [
    ['anthropic', { tools: [{ type: 'bash_20250124', name: 'bash' }] }],
    ['openai-responses', { tools: [{ type: 'local_shell' }] }],
  ] as const) {
    attack.upstream.answer(says(speak(protocol, { text: 'Berth 4.' })));
    const from = await attack.proviso.settled();
    const answer = await post(attack.proviso, pathOf(protocol), bodyOf(protocol, 'Look.', fields));
    assert.equal(answer.status, 200, answer.text);
    const [entry] = await attack.proviso.entries(from);
    assert.match(JSON.stringify(entry?.private['facts']), /"providerTools":\["shell"\]/);
  }
});
