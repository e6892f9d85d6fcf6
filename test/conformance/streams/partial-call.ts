/** Gemini's arguments that come piece by piece, each with the path of the value it belongs to. */
import type { FunctionCall, PartialArg } from '@google/genai';

interface WholeCall {
  readonly id: string | undefined;
  readonly name: string;
  readonly value: unknown;
}

export class PartialCall {
  #name = '';
  #id: string | undefined;
  #args: Record<string, unknown> | undefined;

  add(call: FunctionCall): WholeCall | undefined {
    if (call.args && !call.partialArgs && !call.willContinue) {
      return { id: call.id, name: call.name ?? '', value: call.args };
    }
    const isPart = call.partialArgs !== undefined || call.willContinue === true;
    if (!isPart && this.#args === undefined) {
      return { id: call.id, name: call.name ?? '', value: {} };
    }
    this.#name ||= call.name ?? '';
    this.#id ??= call.id;
    this.#args ??= { ...call.args };
    for (const piece of call.partialArgs ?? []) put(this.#args, piece);
    return call.willContinue ? undefined : this.end();
  }

  end(): WholeCall | undefined {
    if (!this.#args) return undefined;
    const call = { id: this.#id, name: this.#name, value: this.#args };
    this.#args = undefined;
    this.#name = '';
    this.#id = undefined;
    return call;
  }
}

function put(root: Record<string, unknown>, piece: PartialArg): void {
  const keys = (piece.jsonPath ?? '').match(/[^$.[\]'"]+/g) ?? [];
  let at: Record<string, unknown> = root;
  keys.slice(0, -1).forEach((key, i) => {
    at[key] ??= /^\d+$/.test(keys[i + 1] ?? '') ? [] : {};
    at = at[key] as Record<string, unknown>;
  });
  const last = keys.at(-1) ?? '';
  const value = piece.numberValue ?? piece.boolValue ?? (piece.nullValue ? null : undefined);
  if (value !== undefined) at[last] = value;
  else at[last] = ((at[last] as string | undefined) ?? '') + (piece.stringValue ?? '');
}
