/**
 * Models that were trained to call tools in parallel sometimes write one call of a tool `parallel`
 * that nobody declared, with the real calls inside:
 *
 *   {"tool_uses": [{"recipient_name": "functions.weather", "parameters": {…}}, …]}
 *
 * Clients unwrap it and run what is inside, so what is inside is what must be decided.
 */
import { isObject, type JsonValue, parseJsonText } from '#base/json.ts';
import type { ToolCallPart } from '../exchange.ts';

const NAMES = new Set(['parallel', 'multi_tool_use.parallel', 'multi_tool_use_parallel']);

export function mayWrap(name: string): boolean {
  return NAMES.has(name);
}

/** The calls inside, or the call itself where it is of any other form. */
export function unwrapCalls(call: ToolCallPart): ToolCallPart[] {
  if (!mayWrap(call.name)) return [call];
  let uses: JsonValue | undefined;
  try {
    const content = parseJsonText(call.arguments);
    uses =
      isObject(content) && Object.keys(content).length === 1 ? content['tool_uses'] : undefined;
  } catch {
    return [call];
  }
  if (!Array.isArray(uses) || uses.length === 0) return [call];
  const calls: ToolCallPart[] = [];
  for (const use of uses as readonly JsonValue[]) {
    if (!isObject(use) || typeof use['recipient_name'] !== 'string') return [call];
    if (!isObject(use['parameters'])) return [call];
    calls.push({
      type: 'tool_call',
      id: `${call.id}_${calls.length}`,
      name: use['recipient_name'].replace(/^functions\./, ''),
      arguments: JSON.stringify(use['parameters']),
    });
  }
  return calls;
}
