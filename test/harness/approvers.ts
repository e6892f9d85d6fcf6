/**
 * People who approve: registered for real, with a key in a file, under terms that let such a key
 * sign. A passkey needs a browser, and differs in nothing that comes after its signature.
 */
import { cpSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Asked, askPerson, signHold } from '#gateway/approve.ts';
import type { Gateway } from '#gateway/gateway.ts';
import { draftChange, register, signChange } from '#gateway/people.ts';
import type { ActionHold } from '#oversight/hold.ts';
import { createLocalKey, type LocalSigner, openLocalKey } from '#people/local-key.ts';
import { newPersonId } from '#people/person.ts';
import { OPERATOR } from '#people/rules.ts';

const EXAMPLE = fileURLToPath(new URL('../../examples/terms/restricted-use', import.meta.url));
/** No page ever signs here. */
export const NO_PAGE = { id: '', origins: [] };

/** A copy of the example terms in which a key in a file may sign, and more if told. */
export function termsWithLocalKeys(change: (yaml: string) => string = (yaml) => yaml): string {
  const dir = mkdtempSync(join(tmpdir(), 'proviso-terms-'));
  cpSync(EXAMPLE, dir, { recursive: true });
  const path = join(dir, 'terms.yaml');
  const yaml = readFileSync(path, 'utf8').replace(
    '    count: 2\n',
    '    count: 2\n    localKeys: true\n',
  );
  writeFileSync(path, change(yaml));
  return dir;
}

export interface TestApprover {
  readonly id: string;
  readonly signer: LocalSigner;
  /** Looks at the hold, and signs what was shown. */
  approve(hold: string): Promise<void>;
  /** What there is to sign. */
  ask(hold: string): Asked;
  sign(hold: string, asked: Asked): Promise<void>;
}

let people = 0;

export async function newApprover(
  gateway: Gateway,
  { roles = ['duty-officer'], teams = ['watch'], name = `Person ${++people}` } = {},
): Promise<TestApprover> {
  const id = newPersonId();
  const operator = { by: OPERATOR } as const;
  const invite = draftChange(gateway, { kind: 'invite', person: id, name, roles, teams });
  const { invitation = '', code } = await signChange(gateway, invite.text, operator);
  const identity = { issuer: 'https://login.example', subject: id };
  await register(gateway, { invitation, code }, { identity });
  const signer = openLocalKey(createLocalKey());
  const addKey = draftChange(gateway, { kind: 'add-key', person: id, credential: signer.key });
  await signChange(gateway, addKey.text, operator);
  const ask = (hold: string) => askPerson(gateway, hold, id, 'approve');
  const sign = (hold: string, { challenge }: Asked) =>
    signHold(gateway, {
      hold,
      person: id,
      challenge: challenge.toString('base64url'),
      assertion: signer.sign(challenge),
      relyingParty: NO_PAGE,
    });
  return { id, signer, ask, sign, approve: (hold) => sign(hold, ask(hold)) };
}

/** The next hold that opens. */
export async function nextHold({ holds }: Gateway): Promise<ActionHold> {
  const known = new Set(holds.list().map(({ id }) => id));
  for (;;) {
    const change = holds.changed();
    const found = holds.list().find(({ id }) => !known.has(id));
    if (found && !found.isDrill) return found;
    await change;
  }
}
