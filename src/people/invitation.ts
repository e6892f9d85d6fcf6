/**
 * Invitations: a secret in a link, and a code beside it where two people gave it. Only hashes are
 * kept. docs/spec/people.md, Invitations and tokens
 */
import { hash, randomBytes, timingSafeEqual } from 'node:crypto';
import {
  type BearerPrefix,
  claimedBearer,
  createBearer,
  isBearerOf,
  isWholeBearer,
} from '#base/bearer.ts';
import { ProvisoError } from '#base/errors.ts';
import type { Invitation, Person } from './person.ts';
import type { PeopleRegister } from './register.ts';

const PREFIX: BearerPrefix = 'pri_';
const INVITATION_MS = 48 * 60 * 60 * 1000;
const NO_INVITATION = Buffer.alloc(64);

export interface NewInvitation {
  /** Shown once, never stored. */
  readonly text: string;
  readonly kept: Invitation;
}

export function createInvitation(nowMs: number, codeHash: string | undefined): NewInvitation {
  const { text, id, hash: hashed } = createBearer(PREFIX);
  const kept = { id, hash: hashed, expiresAt: nowMs + INVITATION_MS };
  return { text, kept: codeHash === undefined ? kept : { ...kept, codeHash } };
}

/** Without letters that are taken for digits (Crockford). */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** 80 random bits in groups of four: `7K2M-…`. */
export function createCode(): { readonly code: string; readonly codeHash: string } {
  const chars = [...randomBytes(16)].map((byte) => ALPHABET[byte & 31]).join('');
  const code = chars.replace(/(.{4})(?!$)/g, '$1-');
  return { code, codeHash: hashCode(code) };
}

/**
 * Who is invited.
 * @throws ProvisoError `invitation_invalid`, in the same words whatever is wrong with a known form
 */
export function openInvitation(
  people: PeopleRegister,
  text: string,
  code: string | undefined,
  nowMs: number,
): Person & { readonly invitation: Invitation } {
  if (!isWholeBearer(PREFIX, text)) {
    throw invalid('The invitation is cut off or mistyped: open the whole link.');
  }
  const person = people.findByInvitation(claimedBearer(PREFIX, text) ?? '');
  const invitation = person?.invitation;
  const kept = invitation ? Buffer.from(invitation.hash, 'latin1') : NO_INVITATION;
  const isIt = isBearerOf(text, kept);
  if (!person || !invitation || !isIt || nowMs >= invitation.expiresAt) {
    throw invalid('The invitation was used, has expired, or is not known here: ask for a new one.');
  }
  if (invitation.codeHash !== undefined && !isCodeOf(code ?? '', invitation.codeHash)) {
    throw invalid('The invitation needs the code that another administrator has for you.');
  }
  return { ...person, invitation };
}

function isCodeOf(code: string, codeHash: string): boolean {
  return timingSafeEqual(Buffer.from(hashCode(code), 'latin1'), Buffer.from(codeHash, 'latin1'));
}

function hashCode(code: string): string {
  const plain = code.toUpperCase().replace(/[\s-]/g, '').replaceAll('O', '0').replace(/[IL]/g, '1');
  return hash('sha256', plain, 'hex');
}

function invalid(words: string): ProvisoError {
  return new ProvisoError('invitation_invalid', words);
}
