/**
 * Every text of a request that a model will read: messages, system prompts, tool results, tool
 * definitions and schemas, text files, and the strings in fields that only one protocol has. What
 * cannot be read as text is named in `unread`, so that terms can ask for its absence.
 */
import { isUtf8 } from 'node:buffer';
import { type JsonValue, parseJsonText } from '#base/json.ts';
import type {
  ExchangeRequest,
  MediaPart,
  ModelRequest,
  Native,
  Part,
  ProviderTool,
  Tool,
} from '#wire/exchange.ts';
import type { Passage, Place } from './detector.ts';
import { wordsOfName } from './names.ts';

export interface Texts {
  readonly passages: readonly Passage[];
  /** Media types, `url`, `upload` or `tokens`: what no detector looked into. */
  readonly unread: readonly string[];
}

export function textsOf(request: ExchangeRequest): Texts {
  const reader = new Reader();
  reader.request(request, undefined);
  return { passages: reader.passages, unread: [...reader.unread].sort() };
}

/** The texts of one tool call: its name, and every key and string of its arguments. */
export function textsOfCall(name: string, argumentsText: string): Texts {
  const reader = new Reader();
  reader.name(name, { parent: undefined, key: 'name' }, name);
  reader.json(argumentsText, { parent: undefined, key: 'arguments' });
  return { passages: reader.passages, unread: [] };
}

class Reader {
  readonly passages: Passage[] = [];
  readonly unread = new Set<string>();

  request(request: ExchangeRequest, parent: Place | undefined): void {
    switch (request.operation) {
      case 'generate':
        this.#generate(request, parent);
        break;
      case 'embed': {
        const place: Place = { parent, key: 'inputs' };
        for (const [i, input] of request.inputs.entries()) {
          if (typeof input === 'string') this.text(input, { parent: place, key: i });
          else this.unread.add('tokens');
        }
        this.#native(request.native, parent);
        break;
      }
      case 'count_tokens':
        this.request(request.request, { parent, key: 'request' });
        break;
    }
  }

  text(text: string, place: Place, tool?: string): void {
    if (text === '') return;
    this.passages.push({ text, place, tool, length: undefined });
    // Tag characters spell ASCII that no reader sees and models read.
    if (text.includes('\udb40')) {
      const hidden = hiddenText(text);
      if (hidden !== '') this.passages.push({ text: hidden, place, tool, length: text.length });
    }
  }

  /** A name made of words run together: `findPerson`, `find_person`. */
  name(name: string, place: Place, tool?: string): void {
    this.passages.push({ text: wordsOfName(name), place, tool, length: name.length });
  }

  /** JSON text. Escapes can hide words from a search in the text as it stands. */
  json(text: string, place: Place): void {
    const plain = text.includes('\\') ? unescaped(text) : undefined;
    if (plain === undefined) this.text(text, place);
    else this.passages.push({ text: plain, place, tool: undefined, length: text.length });
  }

  #generate(request: ModelRequest, parent: Place | undefined): void {
    const messages: Place = { parent, key: 'messages' };
    for (const [i, message] of request.messages.entries()) {
      const place: Place = { parent: messages, key: i };
      const parts: Place = { parent: place, key: 'parts' };
      for (const [j, part] of message.parts.entries()) this.#part(part, { parent: parts, key: j });
      this.#joined(message.parts, parts);
      if (message.name !== undefined) this.text(message.name, { parent: place, key: 'name' });
      this.#native(message.native, place);
    }
    const tools: Place = { parent, key: 'tools' };
    for (const [i, tool] of request.tools.entries()) this.#tool(tool, { parent: tools, key: i });
    const providerTools: Place = { parent, key: 'providerTools' };
    for (const [i, tool] of request.providerTools.entries()) {
      this.#providerTool(tool, { parent: providerTools, key: i });
    }
    if (request.stop) this.#value(request.stop, { parent, key: 'stop' }, undefined);
    if (request.output?.format === 'json_schema') {
      const place: Place = { parent, key: 'output' };
      const { schema, name, description } = request.output;
      if (name !== undefined) this.name(name, { parent: place, key: 'name' });
      if (description !== undefined) this.text(description, { parent: place, key: 'description' });
      this.#value(schema, { parent: place, key: 'schema' }, undefined);
    }
    this.#native(request.native, parent);
  }

  /** A model reads on from one part to the next: words may be cut between them, or within. */
  #joined(parts: readonly Part[], place: Place): void {
    const texts: string[] = [];
    for (const part of parts) if (part.type === 'text') texts.push(part.text);
    if (texts.length < 2) return;
    for (const between of ['', ' ']) {
      const text = texts.join(between);
      this.passages.push({ text, place, tool: undefined, length: text.length });
    }
  }

  #part(part: Part, place: Place): void {
    switch (part.type) {
      case 'text':
      case 'reasoning':
        this.text(part.text, { parent: place, key: 'text' });
        this.#native(part.native, place);
        break;
      case 'refusal':
        this.text(part.text, { parent: place, key: 'text' });
        break;
      case 'tool_call':
        this.name(part.name, { parent: place, key: 'name' });
        this.json(part.arguments, { parent: place, key: 'arguments' });
        this.#native(part.native, place);
        break;
      case 'tool_result': {
        if (part.name !== undefined) this.name(part.name, { parent: place, key: 'name' });
        const content: Place = { parent: place, key: 'content' };
        for (const [i, inner] of part.content.entries()) {
          this.#part(inner, { parent: content, key: i });
        }
        this.#joined(part.content, content);
        this.#native(part.native, place);
        break;
      }
      case 'native':
        this.#native(part.native, place);
        break;
      case 'image':
      case 'audio':
      case 'video':
      case 'file':
        this.#media(part, place);
        break;
    }
  }

  #media(part: MediaPart, place: Place): void {
    if (part.name !== undefined) this.name(part.name, { parent: place, key: 'name' });
    this.#native(part.native, place);
    const { source } = part;
    switch (source.kind) {
      case 'text':
        this.text(source.text, { parent: place, key: 'text' });
        break;
      case 'base64': {
        const text = isText(source.mediaType) ? decodeText(source.base64) : undefined;
        if (text === undefined) this.unread.add(bareType(source.mediaType));
        else this.text(text, { parent: place, key: 'base64' });
        break;
      }
      case 'url':
        this.text(source.url, { parent: place, key: 'url' });
        this.unread.add('url');
        break;
      case 'id':
        this.unread.add('upload');
        break;
    }
  }

  #tool(tool: Tool, place: Place): void {
    const { name, description, parameters } = tool;
    this.name(name, { parent: place, key: 'name' }, name);
    if (description !== undefined)
      this.text(description, { parent: place, key: 'description' }, name);
    if (parameters) this.#value(parameters, { parent: place, key: 'parameters' }, name);
    this.#native(tool.native, place, name);
  }

  #providerTool(tool: ProviderTool, place: Place): void {
    this.name(tool.wireType, { parent: place, key: 'wireType' }, tool.wireType);
    this.#native(tool.native, place, tool.wireType);
  }

  #native(native: Native | undefined, parent: Place | undefined, tool?: string): void {
    if (native) this.#value(native.fields, { parent, key: 'native' }, tool);
  }

  /** Every string of a JSON value, and every key as a name. */
  #value(value: JsonValue, place: Place, tool: string | undefined): void {
    if (typeof value === 'string') this.text(value, place, tool);
    else if (typeof value === 'number') {
      // Short numbers identify nobody.
      if (value >= 1e6) this.text(String(value), place, tool);
    } else if (Array.isArray(value)) {
      for (const [i, item] of value.entries()) this.#value(item, { parent: place, key: i }, tool);
    } else if (typeof value === 'object' && value !== null) {
      for (const [key, member] of Object.entries(value)) {
        const inner: Place = { parent: place, key };
        if (!SCHEMA_WORDS.has(key)) this.name(key, inner, tool);
        this.#value(member, inner, tool);
      }
    }
  }
}

/** Keys that say nothing of what a tool is about. */
const SCHEMA_WORDS: ReadonlySet<string> = new Set([
  'type',
  'properties',
  'required',
  'description',
  'items',
  'enum',
  'title',
  'default',
  'format',
  'additionalProperties',
  'anyOf',
  'minimum',
  'maximum',
]);

function isText(mediaType: string): boolean {
  return /^text\/|^application\/(json|xml|yaml|x-yaml|javascript|sql|[\w.-]+\+(json|xml))\b/i.test(
    mediaType,
  );
}

function bareType(mediaType: string): string {
  return /^[\w.+-]{1,60}\/[\w.+-]{1,60}/.exec(mediaType.toLowerCase())?.[0] ?? 'unknown';
}

/** JSON text with its escapes resolved; undefined where it is not JSON. */
function unescaped(text: string): string | undefined {
  try {
    return rendered(parseJsonText(text));
  } catch {
    return undefined;
  }
}

function rendered(value: JsonValue): string {
  if (typeof value !== 'object' || value === null) return String(value);
  if (Array.isArray(value)) return value.map(rendered).join(', ');
  return Object.entries(value)
    .map(([key, member]) => `${key}: ${rendered(member)}`)
    .join('; ');
}

/** Undefined where the bytes are not UTF-8. */
function decodeText(base64: string): string | undefined {
  const bytes = Buffer.from(base64, 'base64');
  return isUtf8(bytes) ? bytes.toString('utf8') : undefined;
}

/** What tag characters (U+E0020 to U+E007E) in a text spell. */
function hiddenText(text: string): string {
  let hidden = '';
  for (const char of text) {
    const code = (char.codePointAt(0) ?? 0) - 0xe0000;
    if (code >= 0x20 && code < 0x7f) hidden += String.fromCharCode(code);
  }
  return hidden;
}
