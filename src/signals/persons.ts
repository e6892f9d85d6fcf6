/**
 * Identifiers of persons: mail addresses, telephone numbers, bank accounts, payment cards, national
 * identity numbers, number plates, coordinates, IP addresses. Counted by distinct normalised value,
 * so that one person with two of them counts twice: an upper bound, where all are found.
 *
 * Text without `@` and without digits is passed over after one look.
 */
import {
  checkTime,
  type Detection,
  type Detector,
  EVIDENCE_MAX,
  type Finding,
  NOTHING_FOUND,
  type Passage,
  pathOf,
} from './detector.ts';
import type { PersonKind, Sink } from './identifier.ts';
import { findMailAddresses } from './mail.ts';
import { findNumbers } from './numbers.ts';
import { type PlainText, plainText } from './plain.ts';

const NAME = 'persons';
const VERSION = '1';
const MAY_HOLD_ANY = /[@\uff20\ufe6b]|\p{Nd}/u;

export const personDetector: Detector = {
  name: NAME,
  version: VERSION,
  timeLimitMs: 1_000,
  detect,
};

function detect(passages: readonly Passage[], untilMs: number): Detection {
  let found: Collection | undefined;
  for (const passage of passages) {
    if (!MAY_HOLD_ANY.test(passage.text)) continue;
    found ??= new Collection();
    const plain = plainText(passage.text);
    const sink = found.sinkFor(passage, plain);
    if (plain.text.includes('@')) findMailAddresses(plain.text, sink);
    findNumbers(plain.text, sink, untilMs);
    checkTime(untilMs);
  }
  return found ?? NOTHING_FOUND;
}

class Collection implements Detection {
  readonly findings: Finding[] = [];
  readonly subjects = new Set<string>();
  readonly #shown = new Map<PersonKind, number>();

  sinkFor({ place, tool, length }: Passage, { origin }: PlainText): Sink {
    return (kind, value, start, end) => {
      this.subjects.add(`${kind}:${value}`);
      const shown = this.#shown.get(kind) ?? 0;
      if (shown >= EVIDENCE_MAX) return;
      this.#shown.set(kind, shown + 1);
      this.findings.push({
        detector: `${NAME}@${VERSION}`,
        kind: 'person',
        label: kind,
        tool,
        at: pathOf(place),
        start: length === undefined ? (origin?.[start] ?? start) : 0,
        end: length ?? origin?.[end] ?? end,
      });
    };
  }
}
