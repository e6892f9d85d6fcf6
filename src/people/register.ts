/**
 * Everyone who is or was registered, by id, and the changes that still need a signature.
 *
 * INVARIANT (13): a person is what the ledger's entries of kind `person` say, and nothing else.
 */
import type { JsonObject } from '#base/json.ts';
import { passkeyAssertion } from './assertion.ts';
import { type ChangeDocument, readDocument } from './change.ts';
import type { Credential } from './credential.ts';
import {
  type PersonEntry,
  type PrivateFacts,
  type PublicFacts,
  readPersonEntry,
  type Signature,
} from './entries.ts';
import { isSigningAdministrator, type Person } from './person.ts';

export interface OpenChange extends ChangeDocument {
  readonly signatures: readonly Signature[];
  /** SHA-256 of the code that its invitation will need beside the link. */
  readonly codeHash?: string | undefined;
}

export class PeopleRegister {
  readonly #people = new Map<string, Person>();
  readonly #changes = new Map<string, OpenChange>();
  readonly #closedChanges = new Set<string>();
  readonly #turns = new Map<string, number>();
  /** Credential ID → the person's id; of ended keys too, which are never registered again. */
  readonly #owners = new Map<string, string>();
  #hasHadAdministrator = false;

  /** Whether there ever was one who can sign: until then the operator acts alone. */
  get hasHadAdministrator(): boolean {
    return this.#hasHadAdministrator;
  }

  find(id: string): Person | undefined {
    return this.#people.get(id);
  }

  /** Also those who were removed; the oldest first. */
  list(): readonly Person[] {
    return [...this.#people.values()];
  }

  findByCredential(credentialId: string): Person | undefined {
    const owner = this.#owners.get(credentialId);
    return owner === undefined ? undefined : this.#people.get(owner);
  }

  findByInvitation(invitationId: string): Person | undefined {
    return this.list().find(({ invitation }) => invitation?.id === invitationId);
  }

  findByIdentity(issuer: string, subject: string): Person | undefined {
    return this.list().find(({ identities }) =>
      identities.some((known) => known.issuer === issuer && known.subject === subject),
    );
  }

  /** Changes that need another signature and have not lapsed. */
  changes(nowMs: number): readonly OpenChange[] {
    return [...this.#changes.values()].filter(({ expiresAt }) => nowMs < expiresAt);
  }

  change(id: string, nowMs: number): OpenChange | undefined {
    return this.changes(nowMs).find((change) => change.id === id);
  }

  /** Whether a change was made or withdrawn; its document is then good for nothing. */
  isClosed(changeId: string): boolean {
    return this.#closedChanges.has(changeId);
  }

  /** Goes up when what a person may do gets less: sessions of before have ended. */
  turnOf(personId: string): number {
    return this.#turns.get(personId) ?? 0;
  }

  /**
   * Remembers how far a passkey has counted: whoever verified an assertion calls it, and at a start
   * whoever folds an entry that has one.
   */
  counted(credentialId: string, counter: number): void {
    const owner = this.findByCredential(credentialId);
    if (!owner) return;
    this.#update(owner.id, {
      credentials: owner.credentials.map((held) =>
        held.kind === 'passkey' && held.id === credentialId && held.counter < counter
          ? { ...held, counter }
          : held,
      ),
    });
  }

  /**
   * Applies entries of kind `person` in the ledger's order, and remembers how far the passkeys that
   * signed entries of kind `approval` had counted; others are passed over.
   * @throws ProvisoError `ledger_corrupt` for an entry that this version cannot read
   */
  fold(entries: Iterable<{ readonly kind: string } & Omit<PersonEntry, 'kind'>>): this {
    for (const entry of entries) {
      if (entry.kind === 'approval') this.#countApproval(entry.private);
      if (entry.kind !== 'person') continue;
      const { facts, hidden } = readPersonEntry(entry);
      this.#apply(facts, hidden);
      if ('signatures' in facts) this.#countSignatures(facts.signatures);
    }
    return this;
  }

  #apply(facts: PublicFacts, hidden: PrivateFacts | undefined): void {
    const { id } = facts;
    if ('change' in facts && facts.action !== 'proposed') {
      this.#changes.delete(facts.change);
      this.#closedChanges.add(facts.change);
    }
    if (ENDS_SESSIONS.has(facts.action)) this.#turns.set(id, this.turnOf(id) + 1);
    switch (facts.action) {
      case 'proposed':
        if (hidden?.document !== undefined) {
          const { change, signatures, codeHash } = facts;
          this.#changes.set(change, { ...readDocument(hidden.document), signatures, codeHash });
        }
        return;
      case 'withdrawn':
        return;
      case 'invited':
        this.#people.set(id, {
          id,
          name: hidden?.name ?? '',
          email: hidden?.email,
          teams: hidden?.teams ?? [],
          roles: facts.roles,
          credentials: [],
          identities: [],
          state: hidden?.name === undefined ? 'erased' : 'invited',
          invitation: facts.invitation,
        });
        return;
      case 'roles':
        this.#update(id, { roles: facts.roles, teams: hidden?.teams ?? [] });
        return;
      case 'removed':
        this.#update(id, { state: 'removed', invitation: undefined });
        return;
      case 'recovered':
        this.#update(id, {
          state: 'invited',
          credentials: [],
          identities: [],
          invitation: facts.invitation,
        });
        return;
      case 'key_added':
        this.#addKey(id, facts.credential);
        return;
      case 'key_ended':
        this.#update(id, {
          credentials: (this.find(id)?.credentials ?? []).filter(
            (held) => held.id !== facts.credential,
          ),
        });
        return;
      case 'registered':
        this.#update(id, { state: 'active', invitation: undefined });
        if (facts.credential) this.#addKey(id, facts.credential);
        if (hidden?.identity) this.#update(id, { identities: [hidden.identity] });
        return;
    }
  }

  #addKey(id: string, credential: Credential): void {
    const person = this.find(id);
    if (!person) return;
    this.#owners.set(credential.id, id);
    // A first key that others registered lets in who has no passkey and needs no page.
    const state = person.state === 'invited' ? 'active' : person.state;
    this.#update(id, { state, credentials: [...person.credentials, credential] });
  }

  #countSignatures(signatures: readonly Signature[]): void {
    for (const signed of signatures) {
      if (!('assertion' in signed) || signed.assertion.kind !== 'passkey') continue;
      this.counted(signed.assertion.credential, counterOf(signed.assertion.authenticatorData));
    }
  }

  #countApproval(hidden: JsonObject | undefined): void {
    const given = passkeyAssertion.safeParse(hidden?.['assertion']);
    if (!given.success) return;
    this.counted(given.data.credential, counterOf(given.data.authenticatorData));
  }

  #update(id: string, changed: Partial<Person>): void {
    const person = this.#people.get(id);
    if (!person || person.state === 'erased') return;
    const updated = { ...person, ...changed };
    this.#people.set(id, updated);
    if (isSigningAdministrator(updated)) this.#hasHadAdministrator = true;
  }
}

const ENDS_SESSIONS: ReadonlySet<PublicFacts['action']> = new Set<PublicFacts['action']>([
  'roles',
  'removed',
  'recovered',
  'key_ended',
]);

/** Bytes 33 to 36 of authenticator data, after the hash of the RP ID and the flags. */
export function counterOf(authenticatorData: string): number {
  const bytes = Buffer.from(authenticatorData, 'base64url');
  return bytes.length < 37 ? 0 : bytes.readUInt32BE(33);
}
