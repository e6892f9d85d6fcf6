/** A person who may sign or administrate, as the ledger's entries make it. docs/spec/people.md */
import { randomBytes } from 'node:crypto';
import type { Credential } from './credential.ts';

/** What these may do stands with each operation; any other role is one that terms name. */
export const BUILT_IN_ROLES = ['administrator', 'overseer', 'auditor'] as const;
export type BuiltInRole = (typeof BUILT_IN_ROLES)[number];

export interface Person {
  /** `per_` and 12 hex digits. */
  readonly id: string;
  /** Empty once it was erased. */
  readonly name: string;
  readonly email?: string | undefined;
  readonly teams: readonly string[];
  readonly roles: readonly string[];
  readonly credentials: readonly Credential[];
  readonly identities: readonly Identity[];
  readonly state: 'invited' | 'active' | 'removed' | 'erased';
  /** Where one is open: of a person who is invited, or to be recovered. */
  readonly invitation?: Invitation | undefined;
}

/** Who somebody is at an OpenID provider. */
export interface Identity {
  readonly issuer: string;
  readonly subject: string;
}

export interface Invitation {
  /** 12 hex digits. */
  readonly id: string;
  /** SHA-256 of the invitation, 64 hex digits. */
  readonly hash: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
  /** SHA-256 of the code that the invited needs beside it, 64 hex digits. */
  readonly codeHash?: string | undefined;
}

export function newPersonId(): string {
  return `per_${randomBytes(6).toString('hex')}`;
}

/** The key that encrypts what is private of a person; erasing it erases the person. */
export function vaultKeyOf(personId: string): string {
  return `person:${personId}`;
}

export function isActive(person: Person | undefined): person is Person {
  return person?.state === 'active';
}

/** One who can sign: who only signs in at an OpenID provider has no key to do so. */
export function isSigningAdministrator(person: Person): boolean {
  const { credentials, roles } = person;
  return isActive(person) && roles.includes('administrator') && credentials.length > 0;
}
