/** Calls and their results in the contents of a request. The API's ids for them are optional. */
import { randomUUID } from 'node:crypto';
import type { JsonObject, JsonValue } from '#base/json.ts';
import type { MediaPart, Part, TextPart, ToolResultPart } from '../exchange.ts';
import {
  asArray,
  asObject,
  asString,
  optionalBoolean,
  pathOf,
  protoName,
  unknownField,
  unsupported,
} from '../fields.ts';
import { decodeResultMedia } from './media.ts';
import { native } from './native.ts';

type Fields = { [key: string]: JsonValue };

/** Calls so far, so that a result without an id finds the call that it answers. */
export interface Calls {
  readonly byName: Map<string, { readonly ids: string[]; next: number }>;
  readonly answered: Set<string>;
  count: number;
}

export function noCalls(): Calls {
  return { byName: new Map(), answered: new Set(), count: 0 };
}

export function decodeCall(call: JsonObject, at: string, extras: JsonObject, calls: Calls): Part {
  let id: string | undefined;
  let name = '';
  let args: JsonObject = {};
  for (const key in call) {
    const value = call[key] as JsonValue;
    if (value === null) continue;
    const field = protoName(call, key, at);
    switch (field) {
      case 'id':
        id = asString(value, at, field);
        break;
      case 'name':
        name = asString(value, at, field);
        break;
      case 'args':
        args = asObject(value, at, field);
        break;
      case 'partialArgs':
      case 'willContinue':
        throw unsupported(at, field, 'a call in a request must be whole.');
      default:
        throw unknownField(at, key);
    }
  }
  if (name === '') asString(call['name'], at, 'name');
  const isMadeUp = id === undefined || id === '';
  const callId = isMadeUp ? `call_${calls.count++}` : (id as string);
  const sameName = calls.byName.get(name);
  if (sameName) sameName.ids.push(callId);
  else calls.byName.set(name, { ids: [callId], next: 0 });
  return {
    type: 'tool_call',
    id: callId,
    name,
    arguments: JSON.stringify(args),
    // The API's own ids are optional: one that was not sent is not sent on.
    ...native(isMadeUp ? { ...extras, id: null } : extras),
  };
}

export function decodeResult(
  result: JsonObject,
  at: string,
  extras: JsonObject,
  calls: Calls,
): ToolResultPart {
  const kept: Fields = { ...extras };
  let id: string | undefined;
  let name = '';
  let response: JsonObject = {};
  const media: MediaPart[] = [];
  for (const key in result) {
    const value = result[key] as JsonValue;
    if (value === null) continue;
    const field = protoName(result, key, at);
    switch (field) {
      case 'id':
        id = asString(value, at, field);
        break;
      case 'name':
        name = asString(value, at, field);
        break;
      case 'response':
        response = asObject(value, at, field);
        break;
      case 'parts': {
        const path = pathOf(at, field);
        const list = asArray(value, at, field);
        for (let i = 0; i < list.length; i++) {
          media.push(decodeResultMedia(asObject(list[i], path, i), pathOf(path, i)));
        }
        break;
      }
      case 'scheduling':
        kept[field] = asString(value, at, field);
        break;
      case 'willContinue':
        kept[field] = optionalBoolean(value, at, field) ?? false;
        break;
      default:
        throw unknownField(at, key);
    }
  }
  if (name === '') asString(result['name'], at, 'name');
  const isMadeUp = id === undefined || id === '';
  const callId = answeredCall(isMadeUp ? undefined : id, name, calls);
  if (isMadeUp) kept['id'] = null;
  const { text, key, isError } = textOfResponse(response);
  kept['response'] = key;
  const content: (TextPart | MediaPart)[] =
    text === '' && media.length > 0 ? media : [{ type: 'text', text }, ...media];
  return {
    type: 'tool_result',
    callId,
    name,
    content,
    ...(isError && { isError }),
    ...native(kept),
  };
}

/** Results answer the calls of their name in the order of the calls. */
function answeredCall(id: string | undefined, name: string, calls: Calls): string {
  const sameName = calls.byName.get(name);
  let found = id;
  while (found === undefined && sameName && sameName.next < sameName.ids.length) {
    const next = sameName.ids[sameName.next++];
    if (next !== undefined && !calls.answered.has(next)) found = next;
  }
  found ??= `call_${randomUUID()}`;
  calls.answered.add(found);
  return found;
}

/**
 * A result is an object here and text elsewhere. `key` is the one member that holds the text, or
 * empty where the text is the whole object as JSON.
 */
function textOfResponse(response: JsonObject): { text: string; key: string; isError: boolean } {
  const [key = '', ...more] = Object.keys(response);
  const value = response[key];
  if (more.length === 0 && typeof value === 'string') {
    if (key === 'output' || key === 'result' || key === 'error' || key === 'content') {
      return { text: value, key, isError: key === 'error' };
    }
  }
  return { text: JSON.stringify(response), key: '', isError: false };
}
