/**
 * What is still missing before a hold is approved: a pure function over what the terms ask, the
 * signatures that were given, and the people as they are now. docs/spec/oversight.md#approvals
 */

/** What an approval takes, as the terms say it. */
export interface Requirement {
  /** Its name. */
  readonly approval: string;
  /** For people: what the signatures say. */
  readonly meaning: string;
  readonly count: number;
  readonly roles: readonly string[];
  readonly distinct: 'people' | 'teams';
  readonly requesterExcluded: boolean;
  readonly sameTeamExcluded: boolean;
  readonly withinMs: number;
  readonly validForMs: number;
  readonly localKeys: boolean;
  readonly drills?: { readonly caughtAtLeast: number; readonly of: number } | undefined;
}

/** A registered key of a person; whoever verifies signatures knows more of it. */
export interface ApproverKey {
  readonly kind: 'passkey' | 'local-key';
  readonly id: string;
  readonly publicKey: string;
}

/** A person, as far as approving goes. */
export interface Approver {
  readonly id: string;
  readonly name: string;
  readonly email?: string | undefined;
  readonly teams: readonly string[];
  readonly roles: readonly string[];
  /** Only `active` signs. */
  readonly state: string;
  readonly credentials: readonly ApproverKey[];
}

/** People as they are now. */
export interface Approvers {
  find(id: string): Approver | undefined;
  /** Whether each drill that the person answered was caught, oldest first. */
  drills(id: string): readonly boolean[];
}

/** Who asks for the action, or answers for who asks. */
export interface Requester {
  readonly id: string;
  readonly owner: string;
  readonly teams: readonly string[];
}

/** A signature that was verified when it was given. */
export interface Given {
  /** The person's id. */
  readonly person: string;
  readonly key: ApproverKey;
}

/** How many more signatures an approval needs; 0 when it is given. */
export function missing(
  requirement: Requirement,
  requester: Requester,
  given: readonly Given[],
  approvers: Approvers,
): number {
  const counted = new Map<string, Approver>();
  const keys = new Set<string>();
  for (const { person, key } of given) {
    const approver = approvers.find(person);
    if (!approver || objection(requirement, requester, approver, key, approvers)) continue;
    // A person with two keys is one person, and two names on one key are one person too.
    if (counted.has(person) || keys.has(key.publicKey)) continue;
    counted.set(person, approver);
    keys.add(key.publicKey);
  }
  const people = [...counted.values()];
  const number = requirement.distinct === 'teams' ? mostWithoutSharedTeam(people) : people.length;
  return Math.max(0, requirement.count - number);
}

/** Why this person's signature with this key would not count, in words; undefined where it would. */
export function objection(
  requirement: Requirement,
  requester: Requester,
  approver: Approver,
  key: ApproverKey,
  approvers: Approvers,
): string | undefined {
  const { id, state, credentials, teams } = approver;
  if (state !== 'active') return 'the person is not active';
  const isTheirs = credentials.some(
    (held) => held.id === key.id && held.kind === key.kind && held.publicKey === key.publicKey,
  );
  if (!isTheirs) return 'the key is not registered to the person';
  if (key.kind === 'local-key' && !requirement.localKeys) return 'it takes a passkey';
  if (!hasRole(requirement, approver)) {
    return `it takes one of the roles ${requirement.roles.join(', ')}`;
  }
  if (requirement.requesterExcluded && isRequester(approver, requester)) {
    return 'the person asks for it, or answers for who does';
  }
  if (requirement.sameTeamExcluded && teams.some((team) => isIn(requester.teams, team))) {
    return 'the person is in a team of the caller';
  }
  if (requirement.distinct === 'teams' && teams.length === 0) return 'the person is in no team';
  return drillObjection(requirement, approvers.drills(id));
}

export function hasRole({ roles }: Requirement, approver: Approver): boolean {
  return approver.roles.some((role) => roles.includes(role));
}

function drillObjection({ drills }: Requirement, answered: readonly boolean[]): string | undefined {
  if (!drills) return undefined;
  const last = answered.slice(-drills.of);
  if (last.length < drills.of) return `the person has answered fewer than ${drills.of} drills`;
  const caught = last.filter(Boolean).length;
  if (caught / drills.of >= drills.caughtAtLeast) return undefined;
  return `the person caught ${caught} of the last ${drills.of} drills`;
}

/** Operators write names in many ways, and shutting one out too many costs only a signature. */
function isRequester({ id, name, email }: Approver, requester: Requester): boolean {
  const asking = [requester.id, requester.owner].map(plain);
  return [id, name, email ?? ''].map(plain).some((word) => word !== '' && asking.includes(word));
}

function isIn(teams: readonly string[], team: string): boolean {
  return teams.map(plain).includes(plain(team));
}

function plain(word: string): string {
  return word.normalize('NFKC').trim().toLowerCase();
}

/** The most persons of whom no two share a team. Signatures on one action are few. */
function mostWithoutSharedTeam(people: readonly Approver[], taken: readonly string[] = []): number {
  const [first, ...rest] = people;
  if (!first) return 0;
  const without = mostWithoutSharedTeam(rest, taken);
  const teams = first.teams.map(plain);
  if (teams.length === 0 || teams.some((team) => taken.includes(team))) return without;
  return Math.max(without, 1 + mostWithoutSharedTeam(rest, [...taken, ...teams]));
}
