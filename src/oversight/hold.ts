/**
 * Holds: actions that wait for signatures, and the entries that they are folded from.
 * docs/spec/oversight.md#entries
 */
import { randomBytes } from 'node:crypto';
import type { JsonObject, JsonWritable } from '#base/json.ts';
import { type Action, type ActionDocument, actionHash } from './action.ts';
import type { ApproverKey, Given, Requirement } from './approvals.ts';
import type { Released } from './release.ts';
import type { Statement, Verdict } from './statement.ts';

/** How a hold ended that was not released. */
export type HoldEnd = 'rejected' | 'denied' | 'expired' | 'lapsed';

/** With what certainty it is known who approved or rejected. */
export type Strength = 'passkey' | 'local-key' | 'session' | 'operator';

interface HoldFacts {
  readonly id: string;
  /** Number of the `hold` entry. */
  readonly entry: number;
  /** Number of the decision that asked for it. */
  readonly decision: number;
  /** Milliseconds since 1970. */
  readonly openedAt: number;
  readonly expiresAt: number;
  readonly requirements: readonly Requirement[];
  /** What is shown and signed. */
  readonly shown: ActionDocument;
  readonly answers: readonly Answered[];
  readonly end?: Ended | undefined;
}

/** An action of somebody's, with what it takes to decide it again and to deliver it. */
export interface ActionHold extends HoldFacts {
  readonly isDrill: false;
  readonly action: Action;
  /** As the gateway gave it; only the gateway reads it. */
  readonly origin: JsonObject;
}

/** Made up, and to be rejected. It has no action, so that nothing can release it. */
export interface DrillHold extends HoldFacts {
  readonly isDrill: true;
  /** Why it is to be rejected: told once it has ended. */
  readonly why: string;
  readonly action?: never;
}

export type Hold = ActionHold | DrillHold;

export interface Ended {
  readonly end: HoldEnd | 'released';
  /** Number of the entry. */
  readonly entry: number;
  readonly at: number;
  readonly release?: Released | undefined;
}

/** One person's answer, from its `approval` entry. */
export interface Answered {
  /** Number of the entry. */
  readonly entry: number;
  readonly verdict: Verdict;
  readonly person: string;
  readonly strength: Strength;
  /** What signed, where something did. */
  readonly key?: ApproverKey | undefined;
  readonly challenge?: string | undefined;
  readonly reason?: string | undefined;
  /** When the person first saw it, how long it was visible, and when it was answered. */
  readonly openedAt?: number | undefined;
  readonly visibleMs?: number | undefined;
  readonly decidedAt: number;
}

/** The signatures under a hold. */
export function signaturesOf({ answers }: Hold): readonly Given[] {
  return answers.flatMap(({ verdict, person, key }) =>
    verdict === 'approve' && key ? [{ person, key }] : [],
  );
}

/** The entry's kind and values; the gateway adds the vault key. */
export interface OversightEntry {
  readonly kind: 'hold' | 'approval' | 'release' | 'hold_end';
  readonly public: JsonObject;
  readonly private?: Readonly<Record<string, JsonWritable>> | undefined;
}

export interface HoldOpening {
  readonly id: string;
  readonly decision: number;
  readonly requirements: readonly Requirement[];
}

export function newHoldId(): string {
  return `hld_${randomBytes(16).toString('base64url')}`;
}

export function newReleaseId(): string {
  return `rel_${randomBytes(16).toString('base64url')}`;
}

export function holdOpened(
  opening: HoldOpening,
  action: Action,
  origin: JsonObject,
): OversightEntry {
  return {
    kind: 'hold',
    public: openFacts(opening, action),
    private: { action, asks: asks(opening), origin },
  };
}

/** The same in clear as any other hold. */
export function drillOpened(
  opening: HoldOpening,
  shown: ActionDocument,
  why: string,
): OversightEntry {
  return {
    kind: 'hold',
    public: openFacts(opening, shown),
    private: { action: shown, asks: asks(opening), drill: why },
  };
}

function openFacts({ id, decision }: HoldOpening, shown: ActionDocument): JsonObject {
  return {
    action: actionHash(shown),
    approvals: shown.asks,
    decision,
    expiresAt: shown.expiresAt,
    id,
    terms: shown.terms,
  };
}

function asks({ requirements }: HoldOpening): JsonWritable {
  return requirements;
}

export interface AnswerRecord {
  readonly hold: string;
  readonly verdict: Verdict;
  readonly person: string;
  readonly strength: Strength;
  readonly decidedAt: number;
  readonly openedAt?: number | undefined;
  readonly visibleMs?: number | undefined;
  readonly reason?: string | undefined;
  readonly signed?:
    | {
        readonly key: ApproverKey;
        readonly challenge: string;
        readonly statement: Statement;
        readonly assertion: JsonWritable;
      }
    | undefined;
}

export function answered(answer: AnswerRecord): OversightEntry {
  const { signed, hold, verdict, strength, decidedAt } = answer;
  return {
    kind: 'approval',
    public: {
      ...(signed && { challenge: signed.challenge }),
      decidedAt,
      hold,
      strength,
      verdict,
    },
    private: {
      ...(signed && {
        assertion: signed.assertion,
        credential: { kind: signed.key.kind, id: signed.key.id, publicKey: signed.key.publicKey },
      }),
      ...(answer.openedAt === undefined ? undefined : { openedAt: answer.openedAt }),
      person: answer.person,
      ...(answer.reason === undefined ? undefined : { reason: answer.reason }),
      ...(signed && { statement: signed.statement }),
      ...(answer.visibleMs === undefined ? undefined : { visibleMs: answer.visibleMs }),
    },
  };
}

/** @param decision the second one, a permit */
export function released(
  { action, id, answers }: ActionHold,
  release: Pick<Released, 'id' | 'issuedAt' | 'expiresAt' | 'terms'>,
  decision: number,
  kid: string,
): OversightEntry {
  const approvals = answers.filter(({ verdict }) => verdict === 'approve');
  return {
    kind: 'release',
    public: {
      action: actionHash(action),
      approvals: approvals.map(({ entry }) => entry),
      decision,
      expiresAt: release.expiresAt,
      hold: id,
      id: release.id,
      issuedAt: release.issuedAt,
      kid,
      terms: release.terms,
    },
  };
}

/** Why an approved action was denied. */
export interface Denial {
  /** The second decision, which was no permit. */
  readonly decision?: number;
  /** Why nothing could be decided: the caller or the purpose has ended. */
  readonly code?: string;
}

export function holdEnded(
  { id, isDrill }: Hold,
  end: HoldEnd,
  { decision, code }: Denial = {},
): OversightEntry {
  return {
    kind: 'hold_end',
    public: {
      ...(code === undefined ? undefined : { code }),
      ...(decision === undefined ? undefined : { decision }),
      ...(isDrill ? { drill: true } : undefined),
      end,
      hold: id,
    },
  };
}
