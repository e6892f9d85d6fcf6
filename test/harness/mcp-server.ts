/**
 * An MCP server over stdio with everything that the official conformance suite asks of one, made
 * with the official SDK: a stand-in for the servers that stand behind Proviso.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { completable } from '@modelcontextprotocol/sdk/server/completable.js';
import { McpServer, ResourceTemplate } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import {
  ElicitResultSchema,
  SubscribeRequestSchema,
  UnsubscribeRequestSchema,
} from '@modelcontextprotocol/sdk/types.js';
import { z } from 'zod';

/** The smallest pictures and sounds that are some. */
const PNG =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==';
const WAV = 'UklGRiQAAABXQVZFZm10IBAAAAABAAEARKwAAIhYAQACABAAZGF0YQAAAAA=';

const server = new McpServer(
  { name: 'everything', version: '1.0.0' },
  { capabilities: { logging: {}, resources: { subscribe: true }, completions: {} } },
);
const text = (words: string) => ({ content: [{ type: 'text' as const, text: words }] });

/** A definition that the tests change under a running session. */
const described = { word: process.env['TOOL_WORDS'] ?? 'Says something simple.' };

server.registerTool('test_simple_text', { description: described.word }, () =>
  text('This is a simple text response for testing.'),
);
server.registerTool(
  'echo',
  { description: 'Says it again.', inputSchema: { words: z.string() } },
  ({ words }, { _meta }) => ({
    ...text(words),
    structuredContent: { words, release: _meta?.['proviso/release'] ?? null },
  }),
);
server.registerTool('environment', { description: Object.keys(process.env).sort().join(' ') }, () =>
  text(''),
);
server.registerTool('test_image_content', { description: 'A picture.' }, () => ({
  content: [{ type: 'image', data: PNG, mimeType: 'image/png' }],
}));
server.registerTool('test_audio_content', { description: 'A sound.' }, () => ({
  content: [{ type: 'audio', data: WAV, mimeType: 'audio/wav' }],
}));
server.registerTool('test_embedded_resource', { description: 'A resource.' }, () => ({
  content: [
    {
      type: 'resource',
      resource: {
        uri: 'test://embedded-resource',
        mimeType: 'text/plain',
        text: 'This is an embedded resource content.',
      },
    },
  ],
}));
server.registerTool('test_multiple_content_types', { description: 'One of each.' }, () => ({
  content: [
    { type: 'text', text: 'Multiple content types test:' },
    { type: 'image', data: PNG, mimeType: 'image/png' },
    {
      type: 'resource',
      resource: {
        uri: 'test://mixed-content-resource',
        mimeType: 'application/json',
        text: JSON.stringify({ test: 'data', value: 123 }),
      },
    },
  ],
}));
server.registerTool('test_tool_with_logging', { description: 'Logs.' }, async () => {
  for (const data of [
    'Tool execution started',
    'Tool processing data',
    'Tool execution completed',
  ]) {
    await server.sendLoggingMessage({ level: 'info', data });
    await sleep(20);
  }
  return text('Logged three times.');
});
server.registerTool('test_error_handling', { description: 'Fails.' }, () => {
  throw new Error('This tool intentionally returns an error for testing');
});
server.registerTool(
  'test_tool_with_progress',
  { description: 'Reports.' },
  async ({ _meta, sendNotification }) => {
    const progressToken = _meta?.progressToken;
    for (const progress of progressToken === undefined ? [] : [0, 50, 100]) {
      await sendNotification({
        method: 'notifications/progress',
        params: { progressToken: progressToken ?? 0, progress, total: 100 },
      });
      await sleep(20);
    }
    return text('Done.');
  },
);
server.registerTool(
  'test_sampling',
  { description: 'Asks a model.', inputSchema: { prompt: z.string() } },
  async ({ prompt }) => {
    const { content } = await server.server.createMessage({
      messages: [{ role: 'user', content: { type: 'text', text: prompt } }],
      maxTokens: 100,
    });
    return text(`LLM response: ${JSON.stringify(content)}`);
  },
);

async function elicit(message: string, properties: object, required: readonly string[] = []) {
  const params = {
    message,
    requestedSchema: { type: 'object', properties, required: [...required] },
  };
  const { action, content } = await server.server.request(
    { method: 'elicitation/create', params },
    ElicitResultSchema,
  );
  return `action=${action}, content=${JSON.stringify(content ?? {})}`;
}

server.registerTool(
  'test_elicitation',
  { description: 'Asks a person.', inputSchema: { message: z.string() } },
  async ({ message }) => {
    const username = { type: 'string', description: "User's response" };
    const email = { type: 'string', description: "User's email address" };
    return text(
      `User response: ${await elicit(message, { username, email }, ['username', 'email'])}`,
    );
  },
);
server.registerTool(
  'test_elicitation_sep1034_defaults',
  { description: 'Asks with defaults.' },
  async () =>
    text(
      `Elicitation completed: ${await elicit('Please look through the defaults.', {
        name: { type: 'string', default: 'John Doe' },
        age: { type: 'integer', default: 30 },
        score: { type: 'number', default: 95.5 },
        status: { type: 'string', enum: ['active', 'inactive', 'pending'], default: 'active' },
        verified: { type: 'boolean', default: true },
      })}`,
    ),
);
server.registerTool(
  'test_elicitation_sep1330_enums',
  { description: 'Asks for choices.' },
  async () => {
    const titled = (prefix: string, names: readonly string[]) =>
      names.map((name, i) => ({ const: `${prefix}${i + 1}`, title: name }));
    const options = ['option1', 'option2', 'option3'];
    return text(
      `Elicitation completed: ${await elicit('Please choose.', {
        untitledSingle: { type: 'string', enum: options },
        titledSingle: { type: 'string', oneOf: titled('value', ['First Option', 'Second Option']) },
        legacyEnum: {
          type: 'string',
          enum: ['opt1', 'opt2', 'opt3'],
          enumNames: ['Option One', 'Option Two', 'Option Three'],
        },
        untitledMulti: { type: 'array', items: { type: 'string', enum: options } },
        titledMulti: {
          type: 'array',
          items: { anyOf: titled('value', ['First Choice', 'Second Choice']) },
        },
      })}`,
    );
  },
);
server.registerTool('test_reconnection', { description: 'Takes a moment.' }, async () => {
  await sleep(100);
  return text('Reconnection test completed successfully');
});

server.registerResource(
  'text',
  'test://static-text',
  { mimeType: 'text/plain' },
  ({ href: uri }) => ({
    contents: [
      { uri, mimeType: 'text/plain', text: 'This is the content of the static text resource.' },
    ],
  }),
);
server.registerResource(
  'binary',
  'test://static-binary',
  { mimeType: 'image/png' },
  ({ href: uri }) => ({
    contents: [{ uri, mimeType: 'image/png', blob: PNG }],
  }),
);
server.registerResource(
  'watched',
  'test://watched-resource',
  { mimeType: 'text/plain' },
  ({ href: uri }) => ({
    contents: [{ uri, mimeType: 'text/plain', text: 'Watched.' }],
  }),
);
server.registerResource(
  'template',
  new ResourceTemplate('test://template/{id}/data', { list: undefined }),
  { mimeType: 'application/json' },
  ({ href: uri }, { id }) => ({
    contents: [
      {
        uri,
        mimeType: 'application/json',
        text: JSON.stringify({ id, templateTest: true, data: `Data for ID: ${String(id)}` }),
      },
    ],
  }),
);
server.server.setRequestHandler(SubscribeRequestSchema, () => ({}));
server.server.setRequestHandler(UnsubscribeRequestSchema, () => ({}));

const says = (words: string) => ({
  role: 'user' as const,
  content: { type: 'text' as const, text: words },
});
server.registerPrompt('test_simple_prompt', { description: 'Simple.' }, () => ({
  messages: [says('This is a simple prompt for testing.')],
}));
server.registerPrompt(
  'test_prompt_with_arguments',
  {
    description: 'Takes two words.',
    argsSchema: {
      arg1: completable(z.string(), (begun) =>
        ['paris', 'park', 'party'].filter((w) => w.startsWith(begun)),
      ),
      arg2: z.string(),
    },
  },
  ({ arg1, arg2 }) => ({
    messages: [says(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`)],
  }),
);
server.registerPrompt(
  'test_prompt_with_embedded_resource',
  { description: 'With a resource.', argsSchema: { resourceUri: z.string() } },
  ({ resourceUri: uri }) => ({
    messages: [
      {
        role: 'user',
        content: {
          type: 'resource',
          resource: { uri, mimeType: 'text/plain', text: 'Embedded resource content for testing.' },
        },
      },
      says('Please process the embedded resource above.'),
    ],
  }),
);
server.registerPrompt('test_prompt_with_image', { description: 'With a picture.' }, () => ({
  messages: [
    { role: 'user', content: { type: 'image', data: PNG, mimeType: 'image/png' } },
    says('Please analyze the image above.'),
  ],
}));

await server.connect(new StdioServerTransport());
