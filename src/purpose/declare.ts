/** The stage that says what for: only here does a `Declared` come to be. */
import { ProvisoError } from '#base/errors.ts';
import type { Purpose, PurposeRegister } from './register.ts';

declare const declared: unique symbol;

/** With the purpose the call is made for; without one, the terms say whether that is enough. */
export type Declared<P> = P & {
  readonly purpose: Purpose | undefined;
  readonly [declared]: true;
};

/** What a purpose may depend on in the one who asks. */
export interface Asker {
  readonly id: string;
  readonly teams: readonly string[];
  /** The only purposes it may use; empty means that the purposes themselves say. */
  readonly purposes: readonly string[];
}

/**
 * The purpose is the one that the call names, else the one that the caller's key is bound to when
 * it is bound to exactly one.
 *
 * @param nowMs milliseconds since 1970
 * @throws ProvisoError `purpose_unknown` for one that is not registered or not open to the caller,
 *   `purpose_ended`
 */
export function declarePurpose<
  P extends { readonly caller: Asker; readonly purposeId: string | undefined },
>(identified: P, register: PurposeRegister, nowMs: number): Declared<P> {
  const { caller } = identified;
  const bound = caller.purposes.length === 1 ? caller.purposes[0] : undefined;
  const id = identified.purposeId ?? bound;
  if (id === undefined) return withPurpose(identified, undefined);
  const purpose = register.find(id);
  if (!purpose || !isOpenTo(caller, purpose)) {
    throw new ProvisoError(
      'purpose_unknown',
      identified.purposeId === undefined
        ? 'The purpose that the key is bound to is not registered.'
        : 'The purpose that the call names is not registered, or not open to this caller.',
      { at: 'proviso-purpose' },
    );
  }
  if (purpose.endsAt !== undefined && nowMs >= purpose.endsAt) {
    const end = new Date(purpose.endsAt).toISOString();
    throw new ProvisoError('purpose_ended', `The purpose \`${id}\` ended at ${end}.`, {
      at: 'proviso-purpose',
    });
  }
  return withPurpose(identified, purpose);
}

/** A key that is bound to purposes uses those and no others; else the purpose says who may. */
function isOpenTo(caller: Asker, purpose: Purpose): boolean {
  if (caller.purposes.length > 0) return caller.purposes.includes(purpose.id);
  if (purpose.callers.includes(caller.id) || purpose.callers.includes('*')) return true;
  return purpose.teams.some((team) => caller.teams.includes(team));
}

function withPurpose<P>(identified: P, purpose: Purpose | undefined): Declared<P> {
  return { ...identified, purpose } as P & { purpose: Purpose | undefined } as Declared<P>;
}
