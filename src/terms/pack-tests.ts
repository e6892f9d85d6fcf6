/**
 * The tests of a pack: example calls, and the decision that each must get. Everything that an
 * example leaves out is a newcomer's: no purpose, no tools, nothing detected.
 */
import { z } from 'zod';
import type { Facts } from './facts.ts';
import type { PackFile, Problem } from './problems.ts';
import { readYaml } from './yaml.ts';

export interface PackTest {
  readonly name: string;
  readonly facts: Facts;
  readonly expect: Expected;
  readonly path: string;
  readonly line: number;
}

export interface Expected {
  readonly effect: 'permit' | 'deny' | 'hold';
  /** Ids of the rules that must have determined the decision; unchecked where absent. */
  readonly rules?: readonly string[] | undefined;
  readonly code?: string | undefined;
}

/** @param instant of what does not say when, in RFC 3339 */
export function readTests(
  file: PackFile,
  problems: Problem[],
  instant = '2026-01-01T00:00:00Z',
): PackTest[] {
  const yaml = readYaml(file, testsSchema, problems);
  return (yaml?.value ?? []).map(({ name, call, toolCall, expect, rules, code }, i) => ({
    name,
    facts: call
      ? callFacts({ ...call, instant: call.instant ?? instant })
      : toolCallFacts({
          ...(toolCall ?? toolCallSchema.parse({})),
          instant: toolCall?.instant ?? instant,
        }),
    expect: { effect: expect, rules, code },
    path: file.path,
    line: yaml?.problem([i], '').line ?? 1,
  }));
}

const names = z.array(z.string()).default([]);

const shared = {
  caller: z
    .strictObject({
      id: z.string().default('newcomer'),
      owner: z.string().default('nobody in particular'),
      organisation: z.string().default('example'),
      teams: names,
      partner: z.string().optional(),
      clearance: z.int().default(0),
    })
    .prefault({}),
  purpose: z
    .strictObject({
      id: z.string().default('purpose'),
      owner: z.string().default('nobody in particular'),
      authority: z.string().default('none stated'),
      dataClasses: names,
      allows: names,
    })
    .optional(),
  model: z
    .strictObject({
      provider: z.string().default('sandbox'),
      name: z.string().default('model'),
      variant: z.string().optional(),
      safeguardProfile: z.string().optional(),
      digest: z.string().optional(),
    })
    .prefault({}),
  persons: z.int().min(0).default(0),
  personKinds: names,
  unread: names,
  topics: names,
  missing: names,
  approvals: names,
  instant: z.iso.datetime().optional(),
};

const callSchema = z.strictObject({
  ...shared,
  operation: z.enum(['generate', 'embed', 'count_tokens']).default('generate'),
  protocol: z.string().default('openai-chat'),
  streamed: z.boolean().default(false),
  tools: names,
  providerTools: names,
});

const toolCallSchema = z.strictObject({
  ...shared,
  tool: z.string().default('tool'),
  runsAt: z.enum(['caller', 'provider']).default('caller'),
  toolTopics: names,
});

const testsSchema = z.array(
  z
    .strictObject({
      name: z.string().min(1),
      call: callSchema.optional(),
      toolCall: toolCallSchema.optional(),
      expect: z.enum(['permit', 'deny', 'hold']),
      rules: z.array(z.string()).optional(),
      code: z.string().optional(),
    })
    .refine(({ call, toolCall }) => (call === undefined) !== (toolCall === undefined), {
      error: 'needs exactly one of `call` and `toolCall`',
    }),
);

type Dated<Call> = Omit<Call, 'instant'> & { readonly instant: string };

function callFacts(call: Dated<z.output<typeof callSchema>>): Facts {
  const { persons, personKinds, topics, unread, missing, instant, tools, ...rest } = call;
  return {
    ...rest,
    tools: tools.map((name) => ({ name })),
    signals: { persons, personKinds, topics, unread, missing },
    instant: Date.parse(instant),
  };
}

function toolCallFacts(call: Dated<z.output<typeof toolCallSchema>>): Facts {
  const { persons, personKinds, topics, unread, missing, instant, tool, ...rest } = call;
  return {
    ...rest,
    operation: 'call_tool',
    tool: { name: tool },
    signals: { persons, personKinds, topics, unread, missing },
    instant: Date.parse(instant),
  };
}
