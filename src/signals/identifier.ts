/** What the parts of the search for persons share. */
import type { CueKind } from './cues.ts';

export type PersonKind =
  | 'email'
  | 'telephone'
  | 'iban'
  | 'payment_card'
  | 'national_id'
  | 'passport'
  | 'number_plate'
  | 'coordinates'
  | 'ip_address';

/** Takes what was found: offsets into the plain text, and the value in its one normal form. */
export type Sink = (kind: PersonKind, value: string, start: number, end: number) => void;

/** One way of writing one kind of identifier. */
export interface Rule {
  readonly kind: PersonKind;
  /** Whole words only; global. */
  readonly shape: RegExp;
  /** The value in its one normal form; undefined where the words only look like one. */
  readonly valueOf: (text: string) => string | undefined;
  /** A run with fewer digits is not looked at. */
  readonly digitsMin: number;
  /** A run without a capital letter, or without three dots, is not looked at. */
  readonly needs?: 'capital' | 'dots';
  /** Other numbers look the same: a word close before it must say what it is. */
  readonly cue?: CueKind;
}
