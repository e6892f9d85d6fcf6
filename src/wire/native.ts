/** What one protocol has and the others lack: kept for its own, named as dropped for the others. */
import type { JsonObject, JsonValue } from '#base/json.ts';
import type { Native, Protocol } from './exchange.ts';

/** The fields if they are this protocol's own; else their names go to `dropped`. */
export function ownFields(
  native: Native | undefined,
  protocol: Protocol,
  dropped: Set<string>,
): JsonObject | undefined {
  if (native === undefined) return undefined;
  if (native.protocol === protocol) return native.fields;
  for (const key in native.fields) if (!BOOKKEEPING.has(key)) dropped.add(`native:${key}`);
  return undefined;
}

/** What a vendor numbers its blocks by: says nothing to the caller or to another vendor. */
const BOOKKEEPING: ReadonlySet<string> = new Set(['id', 'status', 'type']);

/** For answers, whose foreign fields are many and say nothing to the caller. */
export function ownFieldsOnly(
  native: Native | undefined,
  protocol: Protocol,
): JsonObject | undefined {
  return native?.protocol === protocol ? native.fields : undefined;
}

/** `undefined` where there are no fields. */
export function nativeOf(
  protocol: Protocol,
  fields: { readonly [key: string]: JsonValue },
): Native | undefined {
  for (const _key in fields) return { protocol, fields };
  return undefined;
}
