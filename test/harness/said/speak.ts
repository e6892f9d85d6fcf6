/** What a provider of each protocol sends; nothing here comes out of the code under test. */
import type { Protocol } from '#wire/exchange.ts';
import { anthropicSays } from './anthropic.ts';
import { chatSays } from './chat.ts';
import { geminiSays } from './gemini.ts';
import { responsesSays } from './responses.ts';
import type { Said, Spoken } from './said.ts';

const SPEAKERS: Readonly<Record<Protocol, (said: Said) => Spoken>> = {
  'openai-chat': chatSays,
  'openai-responses': responsesSays,
  anthropic: anthropicSays,
  gemini: geminiSays,
};

export function speak(protocol: Protocol, said: Said): Spoken {
  return SPEAKERS[protocol](said);
}
