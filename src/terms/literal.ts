/** Values as Cedar text: what a person reads in a counterexample, and what a test compares with. */
import { formatDecimal } from './extensions/decimal.ts';
import { formatIp } from './extensions/ip.ts';
import type { Value } from './value.ts';

/** An expression that has the value. */
export function literal(value: Value): string {
  if (typeof value === 'string') return quoted(value);
  if (typeof value !== 'object') return `(${value})`;
  switch (value.kind) {
    case 'entity':
      return `${value.type}::${quoted(value.id)}`;
    case 'set':
      return `[${value.items.map(literal).join(', ')}]`;
    case 'record': {
      const fields = Object.entries(value.fields).flatMap(([name, field]) =>
        field === undefined ? [] : [`${quoted(name)}: ${literal(field)}`],
      );
      return `{${fields.join(', ')}}`;
    }
    case 'decimal':
      return `decimal("${formatDecimal(value)}")`;
    case 'datetime':
      return `datetime("1970-01-01").offset(duration("${value.ms}ms"))`;
    case 'duration':
      return `duration("${value.ms}ms")`;
    case 'ip':
      return `ip("${formatIp(value)}")`;
  }
}

export function quoted(text: string): string {
  const escaped = text.replace(
    /["\\\p{Cc}\p{Cf}]/gu,
    (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`,
  );
  return `"${escaped}"`;
}
