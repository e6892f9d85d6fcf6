/** Who asks something of a gateway, and whether they may. */
import { ProvisoError } from '#base/errors.ts';
import { BUILT_IN_ROLES, type BuiltInRole, type Person } from '#people/person.ts';
import { OPERATOR } from '#people/rules.ts';
import type { Token } from '#people/tokens.ts';

export type Actor =
  /** Whoever may open the gateway's own socket, or its data folder. */
  | { readonly kind: 'operator' }
  /** Who has signed in. */
  | { readonly kind: 'person'; readonly person: Person }
  | { readonly kind: 'token'; readonly token: Token }
  | { readonly kind: 'nobody' };

/**
 * Who may ask: everybody, before signing in; every person who has signed in, and no machine; or
 * people and machines with one of these roles. The operator may ask everything.
 */
export type Access = 'everybody' | 'person' | readonly BuiltInRole[];

/** @throws ProvisoError `session_required`, `role_required` */
export function requireAccess(access: Access, actor: Actor): void {
  if (actor.kind === 'operator' || access === 'everybody') return;
  if (actor.kind === 'nobody') {
    throw new ProvisoError('session_required', 'Sign in, or give a token, to ask this.');
  }
  if (access === 'person') {
    if (actor.kind === 'person') return;
    throw new ProvisoError('role_required', 'This is for people: a token cannot ask it.');
  }
  const roles = rolesOf(actor);
  if (access.some((role) => roles.includes(role))) return;
  throw new ProvisoError(
    'role_required',
    `This is for roles that you do not have: ${access.join(', ')}.`,
    {
      facts: { roles: access },
    },
  );
}

export function rolesOf(actor: Actor): readonly string[] {
  switch (actor.kind) {
    case 'operator':
      return BUILT_IN_ROLES;
    case 'person':
      return actor.person.roles;
    case 'token':
      return actor.token.roles;
    case 'nobody':
      return [];
  }
}

/** As entries name it. */
export function nameOf(actor: Actor): string {
  switch (actor.kind) {
    case 'operator':
      return OPERATOR;
    case 'person':
      return actor.person.id;
    case 'token':
      return `token:${actor.token.id}`;
    case 'nobody':
      return 'nobody';
  }
}
