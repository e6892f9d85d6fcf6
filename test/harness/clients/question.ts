/** What a test asks and what a client understood, in no protocol's words. */
import type { JsonObject } from '#base/json.ts';
import type { SaidCall } from '../said/said.ts';

export interface Question {
  readonly model: string;
  readonly system?: string;
  readonly turns: readonly Turn[];
  readonly tools?: readonly QuestionTool[];
  readonly choice?: 'auto' | 'required' | 'none' | { readonly only: string };
  /** JSON Schema of the answer. */
  readonly schema?: JsonObject;
  readonly stop?: readonly string[];
  readonly effort?: 'low' | 'high';
  readonly temperature?: number;
  readonly topP?: number;
}

export type Turn =
  | { readonly user: string; readonly png?: string }
  | { readonly assistant: string; readonly calls?: readonly SaidCall[] }
  | { readonly results: readonly ToolResult[] };

export interface ToolResult {
  readonly id: string;
  readonly name: string;
  readonly text: string;
}

export interface QuestionTool {
  readonly name: string;
  readonly description: string;
  /** JSON Schema of an object. */
  readonly parameters: JsonObject & { readonly type: 'object' };
}

/** Asked for in every question, since one of the protocols must have it. */
export const TOKENS_MAX = 400;

export interface Heard {
  readonly text: string;
  readonly refusal: string;
  readonly reasoning: string;
  readonly calls: readonly {
    readonly id: string;
    readonly name: string;
    readonly arguments: unknown;
  }[];
  readonly finish: string;
  readonly usage: Usage;
  readonly model: string;
  readonly headers: Headers;
}

export interface Usage {
  readonly input: number | undefined;
  readonly output: number | undefined;
  readonly cached: number | undefined;
  readonly reasoning: number | undefined;
}

/** An error as the client's own class has it. */
export interface Failure {
  readonly type: string;
  readonly status: number | undefined;
  readonly code: string | undefined;
  readonly message: string;
}

/** Where a client points, with nothing else of it changed. */
export interface Place {
  /** Without a path. */
  readonly address: string;
  readonly key: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Client {
  ask(question: Question, streams: boolean): Promise<Heard>;
  /** Undefined where the error is none of the client's own. */
  failureOf(thrown: unknown): Failure | undefined;
}

export type Connect = (place: Place) => Client;
