/**
 * Holds what a person is asked to sign to what is on the screen, here in the browser: the challenge
 * is the hash of the statement, and the statement names the action and the display that are shown.
 * docs/spec/oversight.md#approvals
 */
import { canonicalJson, isObject, type JsonValue, parseExact } from '#base/exact-json.ts';
import { base64url, hex, sha256 } from '#disclosure/verify/bytes.ts';
import type { Result } from './api.ts';

export type Display = Result<'getHold'>['display'];
type Asked = Result<'askHold'>;

/** What is to be signed is not what was looked at; `display` is what the gateway gives for it now. */
export class ShownOtherwise extends Error {
  readonly display: Display;

  constructor(display: Display) {
    super('What is to be signed is not what is shown here. Look at it again.');
    this.display = display;
  }
}

/**
 * @param action canonical JSON
 * @throws ShownOtherwise
 */
export async function requireShown(asked: Asked, display: Display, action: string): Promise<void> {
  const statement = parseExact(asked.statement);
  const named = isObject(statement) ? statement : {};
  const about = isObject(named['display']) ? named['display'] : {};
  const isShown =
    asked.challenge === base64url(await hashOf(asked.statement)) &&
    asked.options?.challenge === asked.challenge &&
    named['verdict'] === 'approve' &&
    named['action'] === hex(await hashOf(action)) &&
    about['hash'] === (await displayHash(display));
  if (!isShown) throw new ShownOtherwise(asked.display);
}

async function displayHash({ hash: _said, ...shown }: Display): Promise<string> {
  const written = { ...shown, what: 'proviso display v1' };
  return hex(await hashOf(canonicalJson(JSON.parse(JSON.stringify(written)) as JsonValue)));
}

function hashOf(text: string): Promise<Uint8Array> {
  return sha256(new TextEncoder().encode(text));
}
