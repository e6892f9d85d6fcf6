/**
 * Whether those who must agree to a pack have: the signatures beside it, held against the keys of
 * its own parties and of the parties of the version in force. docs/spec/terms.md, "Who must sign"
 */
import { ProvisoError } from '#base/errors.ts';
import type { Pack } from './pack.ts';
import { releasersOf, type SigningParty, signingParties } from './parties.ts';
import type { PackFile } from './problems.ts';
import type { PackRule } from './rules.ts';
import { decodeSignatureUnverified, isSignedBy, type Signature } from './signature.ts';

export interface Consent {
  readonly seats: readonly Seat[];
  /** Files in `signatures/` that are no signature of any party. */
  readonly strays: readonly { readonly path: string; readonly problem: string }[];
  /** The notes that count, each once. */
  readonly notes: readonly string[];
  readonly isComplete: boolean;
  /** Red lines and assurances of the version in force that do not bind the pack. */
  readonly released: readonly Release[];
  /** Those that only some have released who must. */
  readonly withheld: readonly { readonly rule: string; readonly missing: readonly string[] }[];
}

/** A party that must sign, once for each version that names keys of it. */
export interface Seat {
  readonly party: string;
  readonly name: string;
  /** Whose keys count: those that the pack itself names, or those of the version in force. */
  readonly keysOf: 'pack' | 'in force';
  readonly state: SeatState;
  /** Of the signature that the state is about. */
  readonly signature?: Signature | undefined;
}

export type SeatState =
  | 'signed'
  /** It has brought terms into force before. */
  | 'used'
  /** Of another pack, or of another version of this one. */
  | 'stale'
  /** By a key of the party, and it does not verify. */
  | 'invalid'
  | 'unknown key'
  | 'missing';

export interface Release {
  readonly rule: string;
  /** Parties; none where the version in force names no keys and the operator released it. */
  readonly by: readonly string[];
}

export interface Consulted {
  readonly pack: Pack;
  readonly inForce: Pack | undefined;
  /** The files in `signatures/`. */
  readonly files: readonly PackFile[];
  /** Whether a signature has brought terms into force before. */
  readonly isUsed: (signature: Signature) => boolean;
  /** What the operator releases. */
  readonly releases: readonly string[];
}

/** @throws ProvisoError `usage_invalid` where the operator releases what the version in force does not hold */
export function consentOf({ pack, inForce, files, isUsed, releases }: Consulted): Consent {
  const { signatures, strays } = readSignatures(files);
  const sit = (party: SigningParty, keysOf: Seat['keysOf']): Sitting => {
    const given = signatures.filter(({ statement }) => statement.party === party.id);
    const states = given.map((signature) => ({
      signature,
      state: stateOf(signature, party, pack, isUsed),
    }));
    const signed = states.filter(({ state }) => state === 'signed').map((one) => one.signature);
    const best = BEST_FIRST.map((state) => states.find((one) => one.state === state)).find(Boolean);
    const { id, name } = party;
    return { party: id, name, keysOf, state: 'missing', ...best, signed };
  };
  const own = signingParties(pack.manifest).map((party) => sit(party, 'pack'));
  const before = inForce
    ? signingParties(inForce.manifest).map((party) => sit(party, 'in force'))
    : [];
  const seats = [...own, ...before];
  const strangers = signatures.filter(
    ({ statement }) => !seats.some(({ party }) => party === statement.party),
  );
  return {
    seats,
    strays: [...strays, ...strangers.map(strayOf)],
    notes: [...new Set(seats.flatMap(({ signed }) => signed.map(({ note }) => note)))].sort(),
    isComplete: seats.every(({ state }) => state === 'signed'),
    ...releasesOf(inForce, before, releases),
  };
}

interface Sitting extends Seat {
  readonly signed: readonly Signature[];
}

const BEST_FIRST: readonly SeatState[] = ['signed', 'used', 'stale', 'invalid', 'unknown key'];

function readSignatures(files: readonly PackFile[]) {
  const signatures: FiledSignature[] = [];
  const strays: { path: string; problem: string }[] = [];
  for (const { path, text } of files) {
    try {
      signatures.push({ ...decodeSignatureUnverified(text), path });
    } catch (thrown) {
      if (!(thrown instanceof ProvisoError)) throw thrown;
      strays.push({ path, problem: thrown.publicMessage });
    }
  }
  return { signatures, strays };
}

interface FiledSignature extends Signature {
  readonly path: string;
}

function strayOf({ path, statement }: FiledSignature) {
  return { path, problem: `It is by \`${statement.party}\`, of which no key is asked for.` };
}

function stateOf(
  signature: Signature,
  { keys }: SigningParty,
  { id, version, hash }: Pack,
  isUsed: Consulted['isUsed'],
): SeatState {
  try {
    if (!isSignedBy(signature, keys)) return 'unknown key';
  } catch (thrown) {
    if (!(thrown instanceof ProvisoError)) throw thrown;
    return 'invalid';
  }
  const { terms } = signature.statement;
  if (terms.hash !== hash || terms.id !== id || terms.version !== version) return 'stale';
  return isUsed(signature) ? 'used' : 'signed';
}

function releasesOf(
  inForce: Pack | undefined,
  seats: readonly Sitting[],
  byOperator: readonly string[],
): Pick<Consent, 'released' | 'withheld'> {
  const released: Release[] = [];
  const withheld: { rule: string; missing: readonly string[] }[] = [];
  const rules = inForce ? [...inForce.redLines, ...inForce.assurances] : [];
  for (const rule of rules) {
    const { id } = rule.policy;
    const asked = byOperator.includes(id);
    const by = inForce ? releasersOf(rule, inForce.manifest) : [];
    const missing = by.filter((party) => !isReleasedBy(party, rule, inForce, seats));
    if (by.length === 0 ? asked : missing.length === 0) released.push({ rule: id, by });
    else if (asked || missing.length < by.length) withheld.push({ rule: id, missing });
  }
  const unknown = byOperator.find((id) => !rules.some(({ policy }) => policy.id === id));
  if (unknown === undefined) return { released, withheld };
  throw new ProvisoError(
    'usage_invalid',
    `The terms in force have no red line or assurance \`${unknown}\` that could be released.`,
  );
}

function isReleasedBy(
  party: string,
  { policy }: PackRule,
  inForce: Pack | undefined,
  seats: readonly Sitting[],
): boolean {
  return seats
    .filter((seat) => seat.party === party)
    .flatMap(({ signed }) => signed.flatMap(({ statement }) => statement.releases ?? []))
    .some(({ from, rules }) => from === inForce?.hash && rules.includes(policy.id));
}
