/**
 * What a detector is: it looks at the texts of an exchange and says what it found, where.
 *
 * A text's place is kept as links to its parent, so that a path is spelt out for findings only.
 */

export interface Place {
  readonly parent: Place | undefined;
  readonly key: string | number;
}

export interface Passage {
  readonly text: string;
  readonly place: Place;
  /** The tool whose definition or call it belongs to. */
  readonly tool?: string | undefined;
  /** Set where `text` is not as it stood: a name cut into words. The evidence is then all of it. */
  readonly length?: number | undefined;
}

/** One piece of evidence. It holds no words of the text, only where they stand. */
export interface Finding {
  /** The detector's name and version. */
  readonly detector: string;
  readonly kind: 'topic' | 'person';
  /** The topic, or the kind of identifier. */
  readonly label: string;
  readonly tool?: string | undefined;
  /** Where the text stands in the exchange, such as `messages[0].parts[1].text`. */
  readonly at: string;
  /** UTF-16 units into the text; `end` is exclusive. */
  readonly start: number;
  readonly end: number;
}

export interface Detection {
  /** At least one for each label and tool; more of the same may be left out. */
  readonly findings: readonly Finding[];
  /** Each distinct person identifier, normalised. Never recorded or shown. */
  readonly subjects?: ReadonlySet<string> | undefined;
}

export interface Detector {
  readonly name: string;
  readonly version: string;
  /** Past this the detector counts as failed: a missing fact. */
  readonly timeLimitMs: number;
  /**
   * @param untilMs an instant of `performance.now()`; long work looks at it now and then and throws
   */
  detect(passages: readonly Passage[], untilMs: number): Detection | Promise<Detection>;
}

/** Pieces of evidence kept for one label: enough to show, few enough to store. */
export const EVIDENCE_MAX = 8;

export const NOTHING_FOUND: Detection = { findings: [] };

export function pathOf(place: Place): string {
  const before = place.parent === undefined ? '' : pathOf(place.parent);
  if (typeof place.key === 'number') return `${before}[${place.key}]`;
  return before === '' ? place.key : `${before}.${place.key}`;
}

/** Thrown by a detector that saw its time run out. */
class OutOfTime extends Error {
  override readonly name = 'OutOfTime';
}

export function checkTime(untilMs: number): void {
  if (performance.now() > untilMs) throw new OutOfTime();
}
