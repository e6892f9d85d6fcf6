/** `decimal("12.3456")`: one to four digits after the point, in 64 bits. */
import { toLong } from '../long.ts';
import { type Decimal, EvaluationError } from '../value.ts';

export function parseDecimal(text: string): Decimal {
  const match = /^(-?)([0-9]+)\.([0-9]{1,4})$/.exec(text);
  if (!match) throw new EvaluationError(`not a decimal: ${JSON.stringify(text)}`);
  const [, sign = '', whole = '', fraction = ''] = match;
  return {
    kind: 'decimal',
    tenThousandths: toLong(BigInt(sign + whole + fraction.padEnd(4, '0'))),
  };
}

export function formatDecimal({ tenThousandths }: Decimal): string {
  const digits = String(tenThousandths).replace('-', '').padStart(5, '0');
  return `${tenThousandths < 0 ? '-' : ''}${digits.slice(0, -4)}.${digits.slice(-4)}`;
}
