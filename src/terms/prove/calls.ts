/** The extension functions. Times are milliseconds in 64 bits, a decimal is ten-thousandths. */
import { EXTENSION_FUNCTIONS, NO_ARGUMENT } from '../extensions/functions.ts';
import type { Expr } from '../policy.ts';
import type { Type } from '../typing/types.ts';
import { BOOLEAN } from '../typing/types.ts';
import type { Value } from '../value.ts';
import { encodeOrder, fits } from './arithmetic.ts';
import type { Encoded } from './encode.ts';
import { and, apply, bits, FALSE, ite, same, type Term, TRUE } from './smt.ts';
import { Unsupported } from './sorts.ts';

export function encodeCall(
  expr: Extract<Expr, { op: 'call' }>,
  encode: (arg: Expr) => Encoded,
): Encoded {
  const called = EXTENSION_FUNCTIONS.get(expr.function);
  const [text] = expr.args;
  if (!called || !text) throw new Unsupported(`the function \`${expr.function}\``);
  if (called.args[0] === 'string') {
    if (text.op !== 'string') throw new Unsupported(`\`${expr.function}\` of a text that varies`);
    // Validation has parsed it.
    const value = called.apply(text.value, NO_ARGUMENT);
    return { type: called.result, value: constant(value), ok: TRUE };
  }
  const args = expr.args.map(encode);
  const [a, b = a] = args;
  if (!a || !b) throw new Unsupported(`the function \`${expr.function}\``);
  return applied(expr.function, a, b, called.result);
}

function applied(name: string, a: Encoded, b: Encoded, type: Type): Encoded {
  const plain = (value: Term, fit: Term = TRUE): Encoded => ({
    type,
    value,
    ok: and(a.ok, b.ok, fit),
  });
  switch (name) {
    case 'lessThan':
      return encodeOrder('<', a, b);
    case 'lessThanOrEqual':
      return encodeOrder('<=', a, b);
    case 'greaterThan':
      return encodeOrder('>', a, b);
    case 'greaterThanOrEqual':
      return encodeOrder('>=', a, b);
    case 'offset':
      return plain(apply('bvadd', a.value, b.value), fits('bvsaddo', a.value, b.value));
    case 'durationSince':
      return plain(apply('bvsub', a.value, b.value), fits('bvssubo', a.value, b.value));
    case 'toTime':
      return plain(apply('bvsmod', a.value, DAY));
    case 'toDate': {
      const time = apply('bvsmod', a.value, DAY);
      return plain(apply('bvsub', a.value, time), fits('bvssubo', a.value, time));
    }
    case 'isIpv4':
      return { type: BOOLEAN, value: isV4(a.value), ok: a.ok };
    case 'isIpv6':
      return { type: BOOLEAN, value: `((_ is v6) ${a.value})`, ok: a.ok };
    case 'isLoopback':
      return plain(
        ite(
          isV4(a.value),
          isWithin(4, a.value, bits(8n, 32), bits(127n << 24n, 32)),
          isWithin(6, a.value, bits(128n, 128), bits(1n, 128)),
        ),
      );
    case 'isMulticast':
      return plain(
        ite(
          isV4(a.value),
          isWithin(4, a.value, bits(4n, 32), bits(0xen << 28n, 32)),
          isWithin(6, a.value, bits(8n, 128), bits(0xffn << 120n, 128)),
        ),
      );
    case 'isInRange':
      return plain(
        ite(
          isV4(a.value),
          and(isV4(b.value), isWithin(4, a.value, apply('pre4', b.value), apply('addr4', b.value))),
          and(
            `((_ is v6) ${b.value})`,
            isWithin(6, a.value, apply('pre6', b.value), apply('addr6', b.value)),
          ),
        ),
      );
    default: {
      const unitMs = UNITS_MS[name];
      if (unitMs === undefined) throw new Unsupported(`the function \`${name}\``);
      return plain(unitMs === 1n ? a.value : apply('bvsdiv', a.value, bits(unitMs, 64)));
    }
  }
}

const DAY = bits(86_400_000n, 64);
const UNITS_MS: Readonly<Record<string, bigint>> = {
  toMilliseconds: 1n,
  toSeconds: 1_000n,
  toMinutes: 60_000n,
  toHours: 3_600_000n,
  toDays: 86_400_000n,
};

function isV4(ip: Term): Term {
  return `((_ is v4) ${ip})`;
}

/** That all addresses of `ip` share the first `prefix` bits of `address`. */
function isWithin(version: 4 | 6, ip: Term, prefix: Term, address: Term): Term {
  const width = version === 4 ? 32 : 128;
  // A shift by all bits gives zero: the mask of a prefix of none.
  const shift = apply('bvsub', bits(BigInt(width), width), prefix);
  const mask = apply('bvshl', bits(-1n, width), shift);
  return and(
    apply('bvuge', apply(`pre${version}`, ip), prefix),
    same(apply('bvand', apply(`addr${version}`, ip), mask), apply('bvand', address, mask)),
  );
}

function constant(value: Value): Term {
  if (typeof value !== 'object') throw new Unsupported('a constructor without extension value');
  switch (value.kind) {
    case 'decimal':
      return bits(BigInt(value.tenThousandths), 64);
    case 'datetime':
    case 'duration':
      return bits(BigInt(value.ms), 64);
    case 'ip': {
      const width = value.version === 4 ? 32 : 128;
      const parts = [bits(value.address, width), bits(BigInt(value.prefix), width)];
      return apply(`v${value.version}`, ...parts);
    }
    case 'entity':
    case 'set':
    case 'record':
      return FALSE;
  }
}
