/** Cedar's types, as precise as its strict validator has them: `true` and `false` are types too. */

export type Type =
  | BooleanType
  | { readonly kind: 'long' }
  | { readonly kind: 'string' }
  | { readonly kind: 'entity'; readonly name: string }
  | { readonly kind: 'set'; readonly of: Type }
  | RecordType
  | { readonly kind: ExtensionName };

/** `value` is set where it is known whatever the request. */
export interface BooleanType {
  readonly kind: 'boolean';
  readonly value?: boolean | undefined;
}

export interface RecordType {
  readonly kind: 'record';
  readonly attributes: ReadonlyMap<string, AttributeType>;
}

export interface AttributeType {
  readonly type: Type;
  readonly isRequired: boolean;
}

export type ExtensionName = 'decimal' | 'ip' | 'datetime' | 'duration';

export const BOOLEAN: BooleanType = { kind: 'boolean' };
export const TRUE: BooleanType = { kind: 'boolean', value: true };
export const FALSE: BooleanType = { kind: 'boolean', value: false };
export const LONG: Type = { kind: 'long' };
export const STRING: Type = { kind: 'string' };

/** The one type that covers both; none where strict validation has none. */
export function leastUpperBound(a: Type, b: Type): Type | undefined {
  switch (a.kind) {
    case 'boolean':
      if (b.kind !== 'boolean') return undefined;
      return a.value === b.value ? a : BOOLEAN;
    case 'entity':
      return b.kind === 'entity' && a.name === b.name ? a : undefined;
    case 'set': {
      const of = b.kind === 'set' ? leastUpperBound(a.of, b.of) : undefined;
      return of && { kind: 'set', of };
    }
    case 'record':
      return b.kind === 'record' ? recordBound(a, b) : undefined;
    case 'long':
    case 'string':
    case 'decimal':
    case 'ip':
    case 'datetime':
    case 'duration':
      return a.kind === b.kind ? a : undefined;
  }
}

/** Records have a common type only where they have the same attributes. */
function recordBound(a: RecordType, b: RecordType): RecordType | undefined {
  if (a.attributes.size !== b.attributes.size) return undefined;
  const attributes = new Map<string, AttributeType>();
  for (const [name, { type, isRequired }] of a.attributes) {
    const other = b.attributes.get(name);
    if (!other || other.isRequired !== isRequired) return undefined;
    const bound = leastUpperBound(type, other.type);
    if (!bound) return undefined;
    attributes.set(name, { type: bound, isRequired });
  }
  return { kind: 'record', attributes };
}
