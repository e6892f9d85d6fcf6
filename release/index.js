/**
 * Verifies a release: the token with which an executor may do one action, once. Runs in Node, Deno,
 * Bun and browsers, and needs nothing but WebCrypto. The format: docs/spec/oversight.md#the-release
 *
 *   const { arguments: given } = await verifyRelease(token, {
 *     keys, issuer: 'example.com/ledger', tool: 'open_gate', arguments: asked, seen,
 *   });
 *   openGate(given);
 *
 * Nothing here fetches a key, reads a clock that is not given, or keeps what was used: `seen` does.
 */

/** Why a release was refused. `code` is for programs, the message for people. */
export class ReleaseError extends Error {
  /**
   * @param {import('./index.js').ReleaseErrorCode} code
   * @param {string} message
   */
  constructor(code, message) {
    super(message);
    this.name = 'ReleaseError';
    this.code = code;
  }
}

const TOKEN_CHARS_MAX = 8192;
/** How far the clocks of gateway and executor may differ at the start of a release. */
const CLOCK_MS_MAX = 5000;
const DEPTH_MAX = 128;

/** In this order, and the first that fails refuses. See index.d.ts for what is given and returned. */
export async function verifyRelease(token, expected) {
  requireComplete(expected);
  const { header, claims, signed, signature } = parts(token);
  await requireSigned(header, signed, signature, expected.keys);
  requireTimely(claims, expected.issuer, expected.now ?? Date.now());
  requireAbout(claims, expected);
  const text = canonicalJson(expected.arguments);
  if ((await sha256(text)) !== claims.arguments) {
    throw new ReleaseError('wrong_arguments', 'These are not the arguments that were signed.');
  }
  // Only `true` is first use: what a store says otherwise, or does not say, is a refusal.
  if ((await expected.seen.add(claims.jti, claims.exp * 1000)) !== true) {
    throw new ReleaseError('used', 'This release was used before.');
  }
  // A copy of what was hashed: whoever holds the value that was given may change it meanwhile.
  return { claims, arguments: JSON.parse(text) };
}

/** RFC 8785, for values that JSON can hold; anything else is refused and not passed over. */
export function canonicalJson(value) {
  return written(value, 0);
}

/** An option that is missing must not read as one that does not matter. */
function requireComplete(expected) {
  const isComplete =
    typeof expected?.issuer === 'string' &&
    typeof expected.tool === 'string' &&
    typeof expected.seen?.add === 'function' &&
    Array.isArray(keysOf(expected.keys));
  if (!isComplete) throw new TypeError('keys, issuer, tool, arguments and seen must be given');
}

const HEADER = ['alg', 'kid', 'typ'];
const isText = (value) => typeof value === 'string';
const isHash = (value) => isText(value) && /^[0-9a-f]{64}$/.test(value);
const isCount = (value) => Number.isSafeInteger(value) && value >= 0;
const CLAIMS = {
  action: isHash,
  approvals: (value) => Array.isArray(value) && value.length > 0 && value.every(isCount),
  arguments: isHash,
  definition: (value) => value === null || isHash(value),
  entry: isCount,
  exp: isCount,
  hold: isText,
  iat: isCount,
  iss: isText,
  jti: (value) => isText(value) && /^rel_[A-Za-z0-9_-]{22}$/.test(value),
  sub: isText,
  terms: isHash,
  tool: isText,
};

function parts(token) {
  const [head, body, mac, ...more] =
    isText(token) && token.length <= TOKEN_CHARS_MAX ? token.split('.') : [];
  const header = object(head);
  const claims = object(body);
  const signature = bytesOf(mac);
  const isWhole =
    more.length === 0 &&
    signature?.length === 64 &&
    header !== undefined &&
    Object.keys(header).join() === HEADER.join() &&
    claims !== undefined &&
    Object.keys(claims).join() === Object.keys(CLAIMS).join() &&
    Object.entries(CLAIMS).every(([name, isValid]) => isValid(claims[name]));
  if (!isWhole) throw new ReleaseError('malformed', 'This is no release.');
  return { header, claims, signature, signed: new TextEncoder().encode(`${head}.${body}`) };
}

async function requireSigned({ alg, typ, kid }, signed, signature, keys) {
  if (alg !== 'EdDSA' || typ !== 'proviso-release+jwt') {
    throw new ReleaseError('malformed', 'This is a token of another kind.');
  }
  for (const { kty, crv, x } of keysOf(keys)) {
    if (kty !== 'OKP' || crv !== 'Ed25519' || (await thumbprint(x)) !== kid) continue;
    const jwk = { kty, crv, x };
    const key = await crypto.subtle.importKey('jwk', jwk, { name: 'Ed25519' }, false, ['verify']);
    if (await crypto.subtle.verify({ name: 'Ed25519' }, key, signature, signed)) return;
    throw new ReleaseError('bad_signature', 'The signature is not right.');
  }
  throw new ReleaseError('unknown_key', 'It is signed with a key that is not trusted here.');
}

function keysOf(keys) {
  return Array.isArray(keys) ? keys : keys?.keys;
}

function requireTimely({ iss, iat, exp }, issuer, nowMs) {
  if (iss !== issuer) throw new ReleaseError('wrong_issuer', 'Another gateway released it.');
  if (!Number.isFinite(nowMs)) throw new TypeError('now must be milliseconds since 1970');
  if (iat * 1000 > nowMs + CLOCK_MS_MAX) {
    throw new ReleaseError('not_yet', 'It is from the future: are the clocks right?');
  }
  if (nowMs >= exp * 1000) throw new ReleaseError('expired', 'The release has run out.');
}

function requireAbout(claims, { tool, caller, definition }) {
  if (claims.tool !== tool) throw new ReleaseError('wrong_tool', 'It is for another tool.');
  if (caller !== undefined && claims.sub !== caller) {
    throw new ReleaseError('wrong_caller', 'It is for another caller.');
  }
  if (definition !== undefined && claims.definition !== definition) {
    throw new ReleaseError('wrong_definition', 'It is for another definition of the tool.');
  }
}

function written(value, depth) {
  if (depth > DEPTH_MAX) throw notJson('nests too deeply');
  switch (typeof value) {
    case 'string':
      if (/\p{Surrogate}/u.test(value)) throw notJson('hold half a character');
      return JSON.stringify(value);
    case 'number':
      if (!Number.isFinite(value)) throw notJson('hold a number that JSON has not');
      return JSON.stringify(value);
    case 'boolean':
      return String(value);
    case 'object':
      break;
    default:
      throw notJson(
        `hold ${value === undefined ? 'a member that is missing' : `a ${typeof value}`}`,
      );
  }
  if (value === null) return 'null';
  if (Array.isArray(value)) {
    return `[${Array.from(value, (item) => written(item, depth + 1)).join(',')}]`;
  }
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null) {
    throw notJson('hold an object of a class');
  }
  const members = Object.keys(value)
    .sort()
    .map((key) => `${written(key, depth)}:${written(value[key], depth + 1)}`);
  return `{${members.join(',')}}`;
}

function notJson(problem) {
  return new ReleaseError('not_json', `The arguments ${problem}.`);
}

async function thumbprint(x) {
  return base64url(await digest(`{"crv":"Ed25519","kty":"OKP","x":${JSON.stringify(x)}}`));
}

async function sha256(text) {
  return Array.from(await digest(text), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

async function digest(text) {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)));
}

/** Canonical JSON of an object, in base64url; undefined for anything else. */
function object(encoded) {
  const bytes = bytesOf(encoded);
  if (bytes === undefined) return undefined;
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    const value = JSON.parse(text);
    return Array.isArray(value) || canonicalJson(value) !== text ? undefined : value;
  } catch {
    return undefined;
  }
}

/** Strict: what decodes to the same bytes in two ways is read in one of them only. */
function bytesOf(encoded) {
  if (!isText(encoded) || !/^[A-Za-z0-9_-]+$/.test(encoded)) return undefined;
  try {
    const binary = atob(encoded.replace(/-/g, '+').replace(/_/g, '/'));
    const bytes = Uint8Array.from(binary, (char) => char.charCodeAt(0));
    return base64url(bytes) === encoded ? bytes : undefined;
  } catch {
    return undefined;
  }
}

function base64url(bytes) {
  const text = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
  return text.replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
}
