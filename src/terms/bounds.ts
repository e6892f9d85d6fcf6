/**
 * What is refused whatever the rules say: a tool call whose arguments can be read in two ways, and
 * what a purpose does not cover. It is told from the facts alone, so that it can be computed again.
 */
import type { ErrorCode } from '#base/errors.ts';
import { matchesPattern } from '#base/pattern.ts';
import type { Decision } from './decide.ts';
import type { CallFacts, Facts, ToolCallFacts } from './facts.ts';

/** `undefined` where the question is for the rules. */
export function beyondTerms(facts: Facts): Decision | undefined {
  return facts.operation === 'call_tool' ? toolCallBeyond(facts) : callBeyond(facts);
}

function toolCallBeyond({ isAmbiguous, purpose, tool, runsAt }: ToolCallFacts) {
  if (isAmbiguous) {
    return deny('arguments_ambiguous', 'its arguments are not one unambiguous JSON object');
  }
  // A tool inside the provider may be a remote call that is only approved now; the call names it.
  if (runsAt === 'provider' || purpose?.tools === undefined) return undefined;
  return purpose.tools.includes(tool.name) ? undefined : exceeded(purpose.id);
}

function callBeyond({ purpose, model, tools, providerTools }: CallFacts) {
  if (purpose?.models && !purpose.models.some((pattern) => matchesPattern(pattern, model.name))) {
    return exceeded(purpose.id);
  }
  const bounds = purpose?.tools;
  if (bounds === undefined) return undefined;
  const isCovered =
    tools.every(({ name }) => bounds.includes(name)) &&
    providerTools.every((kind) => bounds.includes(kind));
  return isCovered ? undefined : exceeded(purpose?.id);
}

function exceeded(id: string | undefined): Decision {
  return deny('purpose_exceeded', `the purpose \`${id}\` does not cover it`);
}

function deny(code: ErrorCode, reason: string): Decision {
  return { effect: 'deny', code, reason, rules: [], errors: [] };
}
