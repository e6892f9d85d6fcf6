/** The four protocols by name. */
import { anthropic } from './anthropic/protocol.ts';
import type { Protocol } from './exchange.ts';
import { gemini } from './gemini/protocol.ts';
import { openaiChat } from './openai-chat/protocol.ts';
import { openaiResponses } from './openai-responses/protocol.ts';
import type { WireProtocol } from './protocol.ts';

export const protocols: Readonly<Record<Protocol, WireProtocol>> = {
  'openai-chat': openaiChat,
  'openai-responses': openaiResponses,
  anthropic,
  gemini,
};
