/** The official client of each protocol, with nothing changed but base URL and key. */
import type { Protocol } from '#wire/exchange.ts';
import { connectAnthropic } from './anthropic.ts';
import { connectGoogle } from './google.ts';
import { connectChat, connectResponses } from './openai.ts';
import type { Client, Connect, Place } from './question.ts';

const CONNECT: Readonly<Record<Protocol, Connect>> = {
  'openai-chat': connectChat,
  'openai-responses': connectResponses,
  anthropic: connectAnthropic,
  gemini: connectGoogle,
};

export function connect(protocol: Protocol, place: Place): Client {
  return CONNECT[protocol](place);
}
