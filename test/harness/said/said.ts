/** One answer of a provider, whatever its protocol, and the bytes that it comes in. */

export interface SaidCall {
  readonly id: string;
  readonly name: string;
  /** JSON text. */
  readonly arguments: string;
}

export interface Said {
  readonly reasoning?: string;
  readonly text?: string;
  readonly refusal?: string;
  readonly calls?: readonly SaidCall[];
  /** Text after the calls. */
  readonly afterwards?: string;
  readonly finish?: 'stop' | 'length' | 'tool_calls' | 'refusal';
}

export interface Spoken {
  /** The body of an answer that is not streamed. */
  readonly whole: object;
  /** The events of one that is, each complete. */
  readonly frames: readonly string[];
}

/** Counts of every answer. Reasoning is part of the output, cached tokens are part of the input. */
export const USAGE = { input: 31, cached: 8, output: 17, reasoning: 5 } as const;
/** What each answer calls the model that gave it. */
export const MODEL_SAID = 'model-that-answered';
export const SECONDS_SAID = 1_760_000_000;

/** Text as models stream it: a few letters at a time. */
export function pieces(text: string): string[] {
  return text.match(/.{1,7}/gsu) ?? [];
}

export interface WireEvent {
  readonly type: string;
  readonly [field: string]: unknown;
}

export function frame(event: unknown): string {
  return `data: ${JSON.stringify(event)}\n\n`;
}

export function namedFrame(event: WireEvent): string {
  return `event: ${event.type}\n${frame(event)}`;
}
