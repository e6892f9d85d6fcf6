/** What a verification shows and does not show, in sentences for whoever reads the verdict. */
import type { DisclosedRange } from './file.ts';
import type { VerifierKey } from './key.ts';
import type { ShownEntry, VerdictCheckpoint } from './verdict.ts';

export interface Sentences {
  readonly shown: readonly string[];
  readonly notShown: readonly string[];
}

export interface Shown {
  readonly checkpoint: VerdictCheckpoint;
  readonly signedBy: VerifierKey;
  readonly unknownSigners: readonly string[];
  readonly entries: readonly ShownEntry[];
  readonly fields: readonly string[];
  readonly range: DisclosedRange | undefined;
  readonly where: readonly string[];
}

export function disclosureSentences(shown: Shown): Sentences {
  const { range, entries } = shown;
  const inRange = entries.filter((entry) => entry.matches !== undefined);
  return {
    shown: [
      headSentence(shown),
      range ? rangeSentence(range, shown.checkpoint, entries) : entriesSentence(inRange),
      ...valueSentences(inRange),
      ...matchSentences(shown, inRange),
      ...witnessSentences(shown.checkpoint),
    ],
    notShown: [
      RECORDED_ONLY,
      ...hiddenSentences(shown, inRange),
      ...otherLedgerSentences(shown.checkpoint, shown.unknownSigners),
    ],
  };
}

export function headSentences(
  shown: Pick<Shown, 'checkpoint' | 'signedBy' | 'unknownSigners'>,
): Sentences {
  const { checkpoint, unknownSigners } = shown;
  return {
    shown: [headSentence(shown), ...witnessSentences(checkpoint)],
    notShown: [
      'What any of these entries says.',
      ...otherLedgerSentences(checkpoint, unknownSigners),
    ],
  };
}

export const RECORDED_ONLY =
  'That it happened as recorded: entries are this gateway’s own words, and their times its clock’s.';

/** Milliseconds since 1970 → `2026-01-31 12:00:00Z`, with the fraction of a second where it has one. */
export function instantWords(ms: number): string {
  const instant = new Date(ms);
  if (Number.isNaN(instant.getTime())) return `${ms} ms`;
  return instant.toISOString().replace('T', ' ').replace('.000Z', 'Z');
}

function headSentence({ checkpoint, signedBy }: Pick<Shown, 'checkpoint' | 'signedBy'>): string {
  const { origin, size } = checkpoint;
  return `The ledger \`${origin}\` had ${counted(size, 'entry', 'entries')}, as its key ${idOf(signedBy)} signed.`;
}

/** The key's id, which people can compare; the name stands beside it already. */
function idOf({ text }: VerifierKey): string {
  return `\`${text.split('+')[1]}\``;
}

function entriesSentence(entries: readonly ShownEntry[]): string {
  if (entries.length === 1) {
    return `Entry ${entries[0]?.index} stood in it, word for word as shown here.`;
  }
  return `${capital(numbered(entries))} stood in it, word for word as shown here.`;
}

function rangeSentence(
  { from, to, after, before }: DisclosedRange,
  { size }: VerdictCheckpoint,
  entries: readonly ShownEntry[],
): string {
  const what =
    from === to
      ? 'No entry stood there'
      : `Every entry from ${from} to ${to - 1} is here, word for word, and none between them was left out`;
  if (after === undefined && before === undefined) return `${what}.`;
  const start = after === undefined ? '' : ` from ${instantWords(after)}`;
  if (before === undefined) return `${what}: all that was recorded${start} to entry ${to - 1}.`;
  if (to < size) return `${what}: all that was recorded${start} to before ${instantWords(before)}.`;
  const newest = entries.at(-1);
  const end = newest ? `, which is of ${instantWords(newest.at)}` : '';
  return `${what}: all that was recorded${start} to the ledger’s newest entry${end}.`;
}

function valueSentences(entries: readonly ShownEntry[]): readonly string[] {
  const names = [...new Set(entries.flatMap((entry) => Object.keys(entry.private)))];
  return names.map((name) => {
    const having = entries.filter((entry) => Object.hasOwn(entry.private, name));
    return `\`${name}\` of ${numbered(having)}: what was committed to when the entry was written.`;
  });
}

function matchSentences(
  { where, range }: Shown,
  entries: readonly ShownEntry[],
): readonly string[] {
  if (where.length === 0) return [];
  const question = where.map((filter) => `\`${filter}\``).join(' and ');
  const unknown = entries.filter((entry) => entry.matches === 'unknown').length;
  if (!range) return unknown > 0 ? [] : [`All of them match ${question}.`];
  const matching = entries.filter((entry) => entry.matches === 'yes');
  const known = counted(entries.length - unknown, 'entry', 'entries');
  if (matching.length === 0) return [`Of these ${known}, none matches ${question}.`];
  return [`Of these ${known}, ${matching.length} match ${question}: ${numbered(matching)}.`];
}

function witnessSentences({ cosignatures }: VerdictCheckpoint): readonly string[] {
  return cosignatures.map(
    ({ name, at }) =>
      `The witness \`${name}\` saw this head of the ledger at ${instantWords(at)}, and found in it all that it had seen before.`,
  );
}

function hiddenSentences(
  { checkpoint, fields, range, where }: Shown,
  entries: readonly ShownEntry[],
): readonly string[] {
  const hidden: string[] = [];
  const erased = entries.filter((entry) => entry.erased.length > 0);
  for (const name of new Set(erased.flatMap((entry) => entry.erased))) {
    const those = erased.filter((entry) => entry.erased.includes(name));
    hidden.push(`\`${name}\` of ${numbered(those)}: the file says that it was erased.`);
  }
  const unknown = entries.filter((entry) => entry.matches === 'unknown');
  if (unknown.length > 0) {
    hidden.push(
      `Whether ${numbered(unknown)} match the filters: a value that they ask for is not shown.`,
    );
  }
  if (range?.before !== undefined && range.to === checkpoint.size) {
    hidden.push(
      `What was recorded before ${instantWords(range.before)} and after the newest entry that the checkpoint covers.`,
    );
  }
  if (!range) {
    hidden.push(
      where.length === 0
        ? 'What other entries say: the disclosure is not complete.'
        : 'That no other entry matches: the disclosure is not complete.',
    );
    return hidden;
  }
  for (const name of fields) {
    const others = entries.filter(
      (entry) => entry.kind !== 'decision' && !isKnown(entry, name) && entry.kind in MAY_HAVE,
    );
    const kinds = [...new Set(others.map(({ kind }) => kind))];
    const may = kinds.filter((kind) => MAY_HAVE[kind]?.includes(name));
    if (may.length > 0) {
      hidden.push(
        `Whether entries of kind ${may.map((kind) => `\`${kind}\``).join(', ')} hide a \`${name}\`.`,
      );
    }
  }
  return hidden;
}

/** Values that entries of a kind have or have not, and that a decoy may stand for. */
const MAY_HAVE: Readonly<Record<string, readonly string[]>> = { outcome: ['content'] };

function isKnown(entry: ShownEntry, name: string): boolean {
  return Object.hasOwn(entry.private, name) || entry.erased.includes(name);
}

function otherLedgerSentences(
  { cosignatures, origin }: VerdictCheckpoint,
  unknownSigners: readonly string[],
): readonly string[] {
  if (cosignatures.length > 0) return [];
  const others = unknownSigners.filter((name) => name !== origin).map((name) => `\`${name}\``);
  const also =
    others.length === 0
      ? ''
      : ` It has lines by ${others.join(', ')}, whose keys you did not name.`;
  return [
    `That there is no other ledger of this name: no witness whose key you named has cosigned it.${also}`,
  ];
}

const NUMBERS_MAX = 8;

/** `entries 5, 7 and 12`, `entries 120 to 163`, `44 entries between 5 and 240`. */
function numbered(entries: readonly ShownEntry[]): string {
  const indexes = entries.map(({ index }) => index);
  const [first = 0] = indexes;
  const last = indexes.at(-1) ?? 0;
  if (indexes.length === 1) return `entry ${first}`;
  if (last - first === indexes.length - 1) return `entries ${first} to ${last}`;
  if (indexes.length > NUMBERS_MAX) return `${indexes.length} entries between ${first} and ${last}`;
  return `entries ${indexes.slice(0, -1).join(', ')} and ${last}`;
}

function counted(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}

function capital(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1);
}
