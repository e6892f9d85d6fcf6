/**
 * Tool calls that arrive in pieces. OpenAI numbers them by `index` and gives id and name once;
 * others leave out the index, the id or both, send a call whole, repeat the name, give every call the
 * index 0, or make up a new id for each piece.
 */
import { isObject, type JsonObject, type JsonValue } from '#base/json.ts';
import type { AnswerEvent, ToolCallPart } from '../exchange.ts';
import { madeUpCallId } from './answer.ts';

interface Call {
  /** The provider's index; undefined where it gave none. */
  readonly wireIndex: number | undefined;
  /** As the provider gave it, to know its pieces again. */
  readonly wireId: string;
  readonly id: string;
  readonly index: number;
  name: string;
  text: string;
  readonly isFree: boolean;
  hasStarted: boolean;
  hasEnded: boolean;
}

/** Each method returns what is wrong with the provider's answer, if anything is. */
export class StreamedCalls {
  #give: (event: AnswerEvent) => void;
  #calls: Call[] = [];

  constructor(give: (event: AnswerEvent) => void) {
    this.#give = give;
  }

  get count(): number {
    return this.#calls.length;
  }

  add(item: JsonValue, answerId: string, nextIndex: () => number): string | undefined {
    if (!isObject(item)) return 'sent a tool call that is not an object';
    const custom = item['custom'];
    const inner = isObject(custom) ? custom : item['function'];
    const fields = isObject(inner) ? inner : {};
    const name = typeof fields['name'] === 'string' ? fields['name'] : '';
    const text = textOf(isObject(custom) ? fields['input'] : fields['arguments']);
    if (text === undefined) return 'sent tool arguments that are not text';
    let call = this.#find(item, name);
    if (!call) {
      const id = typeof item['id'] === 'string' ? item['id'] : '';
      call = {
        wireIndex: typeof item['index'] === 'number' ? item['index'] : undefined,
        wireId: id,
        id: id === '' ? madeUpCallId(answerId, this.#calls.length) : id,
        index: nextIndex(),
        name: '',
        text: '',
        isFree: isObject(custom),
        hasStarted: false,
        hasEnded: false,
      };
      this.#calls.push(call);
    }
    return this.#append(call, name, text);
  }

  end(): string | undefined {
    for (const call of this.#calls) {
      if (call.hasEnded) continue;
      call.hasEnded = true;
      if (!call.hasStarted) return 'sent a tool call without a name';
      this.#give({ type: 'part_end', index: call.index, part: whole(call) });
    }
    return undefined;
  }

  #find(item: JsonObject, name: string): Call | undefined {
    const { id, index } = item as { [key: string]: JsonValue | undefined };
    const hasId = typeof id === 'string' && id !== '';
    if (typeof index === 'number') {
      const call = this.#calls.findLast((known) => known.wireIndex === index);
      // A new id alone may be another name for the same call; with a name it is another call.
      const isOther = call && hasId && id !== call.wireId && name !== '' && call.name !== '';
      return isOther ? undefined : call;
    }
    if (hasId) {
      const call = this.#calls.findLast((known) => known.wireId === id);
      if (call) return call;
    }
    return hasId || name !== '' ? undefined : this.#calls.at(-1);
  }

  #append(call: Call, name: string, text: string): string | undefined {
    if (call.hasEnded) {
      return text === '' ? undefined : 'went on with a tool call that it had ended';
    }
    if (name !== '') call.name = name;
    call.text += text;
    if (call.hasStarted) {
      if (text !== '') this.#give({ type: 'part_delta', index: call.index, text });
    } else if (call.name !== '') {
      call.hasStarted = true;
      const part = { ...whole(call), arguments: '' };
      this.#give({ type: 'part_start', index: call.index, part });
      if (call.text !== '') this.#give({ type: 'part_delta', index: call.index, text: call.text });
    }
    return undefined;
  }
}

/** Some servers give the arguments as the object itself. */
function textOf(value: JsonValue | undefined): string | undefined {
  if (value === undefined || value === null) return '';
  if (isObject(value)) return JSON.stringify(value);
  return typeof value === 'string' ? value : undefined;
}

function whole({ id, name, text, isFree }: Call): ToolCallPart {
  if (isFree) return { type: 'tool_call', id, name, arguments: text, free: true };
  return { type: 'tool_call', id, name, arguments: text === '' ? '{}' : text };
}
