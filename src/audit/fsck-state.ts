/**
 * What is in force, built again from the log and held to what says so elsewhere: the projection in
 * `state.sqlite`, and the registers that a gateway folds. INVARIANT (13)
 */
import { asProvisoError, ProvisoError } from '#base/errors.ts';
import { KeyRing } from '#caller/ring.ts';
import { dirOf, type LogPlace } from '#ledger/archive.ts';
import type { Entry } from '#ledger/entry.ts';
import { type ProjectedState, readProjection } from '#ledger/projection.ts';
import { HoldRegister } from '#oversight/register.ts';
import { checkPeople, remembered } from '#people/history.ts';
import { PeopleRegister } from '#people/register.ts';
import { TokenRegister } from '#people/tokens.ts';
import { PurposeRegister } from '#purpose/register.ts';
import { ToolPins } from '#tools/pins.ts';
import { bundleOf } from './chain.ts';
import type { AuditFault } from './fault.ts';
import { checkRelease } from './fsck-approvals.ts';
import type { StateEntry } from './state-entries.ts';

const FILE = 'state.sqlite';
const REBUILT =
  'It holds nothing of its own: stop the gateway, and `proviso state rebuild` builds it anew.';
const UNREADABLE = 'No gateway starts on this ledger, and what it changed is not known.';

/** Of the log, as of one size. */
export interface LogState {
  readonly open: readonly number[];
  readonly state: readonly (readonly [entry: number, kind: string])[];
}

/** What the projection says now; a fault where it cannot be read. */
export function projectedState(
  place: LogPlace,
  onFault: (fault: AuditFault) => void,
): ProjectedState | undefined {
  try {
    return readProjection(dirOf(place));
  } catch (error) {
    if (!(error instanceof ProvisoError)) throw error;
    onFault({ file: FILE, problem: error.publicMessage, consequence: REBUILT });
    return undefined;
  }
}

/** @param log what the log says as of the projection's size */
export function checkProjection(
  projected: ProjectedState,
  log: LogState,
  onFault: (fault: AuditFault) => void,
): void {
  const compare = (what: string, found: readonly number[], right: readonly number[]): void => {
    const known = new Set(found);
    const rightful = new Set(right);
    const wrong = [
      ...right.filter((entry) => !known.has(entry)),
      ...found.filter((entry) => !rightful.has(entry)),
    ];
    const [first] = wrong;
    if (first === undefined) return;
    const problem = `\`${FILE}\` has other ${what} than the log: ${wrong.length} differ, the first is entry ${first}.`;
    onFault({ file: FILE, entry: first, problem, consequence: REBUILT });
  };
  compare('open decisions', projected.open, log.open);
  const kinds = new Set([...projected.state, ...log.state].map(([, kind]) => kind));
  for (const kind of kinds) {
    const ofKind = (state: LogState['state']): number[] =>
      state.filter((each) => each[1] === kind).map(([entry]) => entry);
    compare(`entries of kind \`${kind}\``, ofKind(projected.state), ofKind(log.state));
  }
}

/** What a gateway would fold from state entries. */
export interface FoldedState {
  readonly keys: number;
  readonly purposes: number;
  readonly people: number;
  readonly releases: number;
  /** Until when a key was good, milliseconds since 1970; `undefined` where it still is. */
  readonly endOf: (key: string) => number | undefined;
}

/** @param decision reads an entry of the log; `undefined` where it cannot be read */
export async function foldState(
  entries: readonly StateEntry[],
  decision: (entry: number) => Promise<Entry | undefined>,
  onFault: (fault: AuditFault) => void,
): Promise<FoldedState> {
  const ring = new KeyRing();
  const purposes = new PurposeRegister();
  const people = new PeopleRegister();
  const holds = new HoldRegister();
  const others = [new TokenRegister(), new ToolPins()];
  const approvals = new Map<number, StateEntry>();
  const ends = new Map<string, number>();
  let releases = 0;
  for (const entry of entries) {
    if (entry.kind === 'approval') approvals.set(entry.index, entry);
    if (entry.kind === 'release') {
      releases++;
      const known = { people, holds, approvals, decision };
      for (const fault of await checkRelease(entry, known)) onFault(fault);
    }
    try {
      for (const register of [ring, purposes, holds, ...others]) register.fold([entry]);
      people.fold([remembered(entry)]);
    } catch (error) {
      const problem = `Entry ${entry.index}: ${asProvisoError(error).publicMessage}`;
      const file = bundleOf(entry.index);
      onFault({ file, entry: entry.index, problem, consequence: UNREADABLE });
    }
    noteEnd(entry, ends);
  }
  return {
    keys: ring.list().length,
    purposes: purposes.list().length,
    people: people.list().length,
    releases,
    endOf: (key) => ends.get(key),
  };
}

/** Each change of people was signed by those who could, then, with the keys that they had then. */
export async function checkSignatures(
  entries: readonly StateEntry[],
  onFault: (fault: AuditFault) => void,
): Promise<void> {
  for await (const { entry, problem } of checkPeople(entries)) {
    const consequence = 'Who has which role and key is not what administrators signed.';
    onFault({ file: bundleOf(entry), entry, problem, consequence });
  }
}

function noteEnd({ kind, at, public: facts }: Entry, ends: Map<string, number>): void {
  const { id, action, expiresAt } = facts;
  if (kind !== 'key' || typeof id !== 'string') return;
  const end = action === 'revoked' ? at : expiresAt;
  if (typeof end === 'number') ends.set(id, Math.min(end, ends.get(id) ?? end));
}
