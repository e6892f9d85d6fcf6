/**
 * A reader of a log over HTTP that shares no code with Proviso: the formulas of RFC 6962 and of the
 * C2SP specifications, and `node:crypto`.
 */
import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto';

export interface ReadLog {
  readonly origin: string;
  readonly size: number;
  readonly entries: readonly Buffer[];
  /** `vkey` of each key of those given that signed or cosigned the checkpoint, and did so rightly. */
  readonly signedBy: readonly string[];
}

/** Reads all of a log and throws at the first byte that is not what the formulas say. */
export async function readLog(url: string, vkeys: readonly string[]): Promise<ReadLog> {
  const checkpoint = await get(url, 'checkpoint', 'text/plain; charset=utf-8');
  const note = checkpoint.toString();
  const text = note.slice(0, note.lastIndexOf('\n\n') + 1);
  const [origin = '', sizeText = '', rootText = ''] = text.split('\n');
  const size = Number(sizeText);
  const signedBy = vkeys.filter((vkey) => isSignedBy(vkey, note, text));
  const entries: Buffer[] = [];
  for (let n = 0; n * 256 < size; n++) {
    const width = Math.min(256, size - n * 256);
    const bundle = await get(url, `tile/entries/${nameOf(n, width)}`, 'application/octet-stream');
    let at = 0;
    for (let i = 0; i < width; i++) {
      const end = at + 2 + bundle.readUInt16BE(at);
      entries.push(bundle.subarray(at + 2, end));
      at = end;
    }
    equal(at, bundle.length, `bundle ${n} ends with its last entry`);
  }
  const leaves = entries.map((entry) => sha256(Buffer.of(0), entry));
  equal(mth(leaves).toString('base64'), rootText, 'the root is that of the entries');
  for (let level = 0; Math.floor(size / 256 ** level) > 0; level++) {
    const count = Math.floor(size / 256 ** level);
    for (let n = 0; n * 256 < count; n++) {
      const width = Math.min(256, count - n * 256);
      const tile = await get(url, `tile/${level}/${nameOf(n, width)}`, 'application/octet-stream');
      const hashes = Array.from({ length: width }, (_, i) => {
        const first = (n * 256 + i) * 256 ** level;
        return mth(leaves.slice(first, first + 256 ** level));
      });
      equal(tile.toString('hex'), Buffer.concat(hashes).toString('hex'), `tile ${level} ${n}`);
    }
  }
  return { origin, size, entries, signedBy };
}

/** MTH of RFC 6962 §2.1, as it is written there. */
function mth(hashes: readonly Buffer[]): Buffer {
  const [only] = hashes;
  if (only === undefined) return sha256();
  if (hashes.length === 1) return only;
  let k = 1;
  while (k * 2 < hashes.length) k *= 2;
  return sha256(Buffer.of(1), mth(hashes.slice(0, k)), mth(hashes.slice(k)));
}

function isSignedBy(vkey: string, note: string, text: string): boolean {
  const [, name = '', id = '', base64 = ''] = /^([^+]+)\+([0-9a-f]{8})\+(.*)$/.exec(vkey) ?? [];
  const typed = Buffer.from(base64, 'base64');
  const keyId = sha256(Buffer.from(`${name}\n`), typed).subarray(0, 4);
  equal(keyId.toString('hex'), id, 'the key’s id');
  const blobs = note
    .slice(text.length + 1)
    .split('\n')
    .filter((line) => line.startsWith(`— ${name} `))
    .map((line) => Buffer.from(line.split(' ')[2] ?? '', 'base64'))
    .filter((blob) => blob.subarray(0, 4).equals(keyId));
  const raw = typed.subarray(1);
  return blobs.some((blob) => {
    const signature = blob.subarray(4);
    if (typed[0] === 1) return verify(null, Buffer.from(text), ed25519(raw), signature);
    const time = signature.subarray(0, 8);
    const signed = signature.subarray(8);
    if (typed[0] === 4) {
      const message = `cosignature/v1\ntime ${time.readBigUInt64BE()}\n${text}`;
      return verify(null, Buffer.from(message), ed25519(raw), signed);
    }
    const [origin = '', size = '', root = ''] = text.split('\n');
    const message = Buffer.concat([
      Buffer.from('subtree/v1\n\0'),
      opaque(name),
      time,
      opaque(origin),
      Buffer.alloc(8),
      u64(BigInt(size)),
      Buffer.from(root, 'base64'),
    ]);
    const key = createPublicKey({ key: raw, format: 'raw-public', asymmetricKeyType: 'ml-dsa-44' });
    return verify(null, message, key, signed);
  });
}

function ed25519(raw: Buffer): KeyObject {
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: raw.toString('base64url') };
  return createPublicKey({ key: jwk, format: 'jwk' });
}

async function get(url: string, path: string, type: string): Promise<Buffer> {
  const answer = await fetch(`${url}${path}`);
  equal(answer.status, 200, path);
  equal(answer.headers.get('content-type'), type, path);
  return Buffer.from(await answer.arrayBuffer());
}

/** `N[.p/W]` of a number below a million. */
function nameOf(n: number, width: number): string {
  const groups = String(n).padStart(6, '0').match(/.../g) ?? [];
  const name = n < 1_000 ? (groups[1] ?? '') : `x${groups.join('/')}`;
  return width === 256 ? name : `${name}.p/${width}`;
}

function opaque(text: string): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([Buffer.of(bytes.length), bytes]);
}

function u64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(value);
  return bytes;
}

function sha256(...pieces: readonly Uint8Array[]): Buffer {
  return createHash('sha256').update(Buffer.concat(pieces)).digest();
}

function equal(found: unknown, expected: unknown, what: string): void {
  if (found !== expected) throw new Error(`${what}: ${String(found)} is not ${String(expected)}`);
}
