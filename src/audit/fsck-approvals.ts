/**
 * Signatures under what was released, verified again: INVARIANT (6). Each is by a person, with a key
 * that was theirs then, over the exact action; they are as many, and of such people, as the terms
 * asked for; and the decision that followed was a permit.
 */
import { asProvisoError, ProvisoError } from '#base/errors.ts';
import type { JsonValue } from '#base/json.ts';
import type { Entry } from '#ledger/entry.ts';
import { actionHash } from '#oversight/action.ts';
import { type Given, missing } from '#oversight/approvals.ts';
import type { ActionHold } from '#oversight/hold.ts';
import type { HoldRegister } from '#oversight/register.ts';
import { challengeOf, type Statement } from '#oversight/statement.ts';
import { assertion } from '#people/assertion.ts';
import { verifyKept } from '#people/history.ts';
import type { PeopleRegister } from '#people/register.ts';
import { bundleOf } from './chain.ts';
import type { AuditFault } from './fault.ts';
import type { StateEntry } from './state-entries.ts';

const UNSIGNED =
  'An action was released that the people whom the terms ask had not signed, or not this action.';

/** What is known before the entry, from all entries before it. */
export interface Known {
  readonly people: PeopleRegister;
  readonly holds: HoldRegister;
  /** `approval` entries so far, by their number. */
  readonly approvals: ReadonlyMap<number, StateEntry>;
  readonly decision: (entry: number) => Promise<Entry | undefined>;
}

/** @returns what is wrong with an entry of kind `release` */
export async function checkRelease(entry: StateEntry, known: Known): Promise<AuditFault[]> {
  const hold = known.holds.find(entry.public['hold'] as string);
  // Erased with the values of whoever it was about, or of no action; the register tells the latter.
  if (!hold || hold.isDrill) return [];
  const problems = [
    ...(hold.end ? ['the hold had ended before'] : []),
    ...(await signatureProblems(entry, hold, known)),
    ...missingSignatures(entry, hold, known),
    ...(await decisionProblems(entry, hold, known)),
  ];
  return problems.map((problem) => ({
    file: bundleOf(entry.index),
    entry: entry.index,
    problem: `Entry ${entry.index} releases \`${hold.id}\`, and ${problem}.`,
    consequence: UNSIGNED,
  }));
}

async function signatureProblems(
  { public: { approvals } }: StateEntry,
  hold: ActionHold,
  known: Known,
): Promise<string[]> {
  const problems: string[] = [];
  for (const number of Array.isArray(approvals) ? (approvals as readonly JsonValue[]) : []) {
    const approval = known.approvals.get(Number(number));
    if (approval && !approval.private) continue;
    const problem = approval
      ? await verifyApproval(approval, hold, known.people).then(
          () => undefined,
          (error: unknown) => asProvisoError(error).publicMessage,
        )
      : 'it is no approval';
    if (problem !== undefined) problems.push(`entry ${Number(number)} is no signature: ${problem}`);
  }
  return problems;
}

/** @throws ProvisoError `assertion_invalid` */
async function verifyApproval(
  { public: facts, private: said = {} }: StateEntry,
  hold: ActionHold,
  people: PeopleRegister,
): Promise<void> {
  const { statement, credential, person: personId } = said;
  const signed = assertion.safeParse(said['assertion']);
  const person = people.find(personId as string);
  const { id, publicKey } = (credential ?? {}) as { id?: string; publicKey?: string };
  const key = person?.credentials.find((held) => held.id === id && held.publicKey === publicKey);
  if (!signed.success || !key) throw invalid('the key was not registered to the person');
  const stated = statement as object as Statement;
  const challenge = challengeOf(stated);
  const isAbout =
    stated.action === actionHash(hold.action) &&
    stated.hold === hold.id &&
    stated.person === personId &&
    stated.verdict === facts['verdict'] &&
    challenge.toString('base64url') === facts['challenge'];
  if (!isAbout) throw invalid('it is a statement about something else');
  await verifyKept(key, challenge, signed.data);
}

function missingSignatures(
  { public: { approvals } }: StateEntry,
  { requirements, shown, answers }: ActionHold,
  known: Known,
): string[] {
  // Who was erased since signed all the same; what is left of it does not count any more.
  const isErased = (number: JsonValue): boolean =>
    known.approvals.get(Number(number))?.private === undefined;
  if (Array.isArray(approvals) && (approvals as readonly JsonValue[]).some(isErased)) return [];
  const given = answers.flatMap(({ verdict, person, key }): Given[] =>
    verdict === 'approve' && key ? [{ person, key }] : [],
  );
  const approvers = {
    find: (id: string) => known.people.find(id),
    drills: (id: string) => known.holds.drills(id),
  };
  return requirements.flatMap((requirement) => {
    const count = missing(requirement, shown.caller, given, approvers);
    return count === 0 ? [] : [`${count} signatures of \`${requirement.approval}\` are missing`];
  });
}

async function decisionProblems(
  { public: { decision } }: StateEntry,
  hold: ActionHold,
  known: Known,
): Promise<string[]> {
  const number = Number(decision);
  const second = await known.decision(number);
  const isPermit =
    second?.kind === 'decision' &&
    second.public['effect'] === 'permit' &&
    second.public['parent'] === hold.entry;
  return isPermit ? [] : [`entry ${number} is not the permit that a release needs`];
}

function invalid(why: string): ProvisoError {
  return new ProvisoError('assertion_invalid', `${why}.`);
}
