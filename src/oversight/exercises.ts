/** Exercises: made-up tool calls that must be rejected, from which drills are made. */
import { z } from 'zod';
import type { JsonObject } from '#base/json.ts';

export const exerciseSchema = z.strictObject({
  /** The tool of the held calls among which it hides. */
  tool: z.string().min(1),
  arguments: z.custom<JsonObject>(
    (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
    'must be an object',
  ),
  /** Why it must be rejected: told after the answer. */
  why: z.string().min(1).max(1_000),
});

export type Exercise = z.output<typeof exerciseSchema>;
