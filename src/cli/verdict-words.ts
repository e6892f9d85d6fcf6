/** A verdict on a disclosure, on the terminal. */
import type { ShownEntry, Verdict } from '#disclosure/verify/verdict.ts';
import { entryLine } from './entry-words.ts';
import type { Output } from './output.ts';
import { wrapped } from './wrapped.ts';

const ENTRIES_PRINTED_MAX = 20;
const VALUE_CHARS_MAX = 400;

export function describeVerdict(verdict: Verdict, output: Output): void {
  const { checkpoint, isShown, problem, entries } = verdict;
  const { file } = verdict;
  output.facts([
    ['file', FILES[file]],
    ...(checkpoint ? [['ledger', checkpoint.origin] as const] : []),
    ...(checkpoint ? [['entries', String(checkpoint.size)] as const] : []),
    ...(checkpoint ? [['root', checkpoint.root] as const] : []),
  ]);
  if (!isShown) {
    output.print();
    output.print(output.style('bad', wrapped(`not shown: ${problem?.message ?? ''}`)));
    return;
  }
  describeEntries(entries, output);
  describeSentences(verdict, output);
}

const FILES: Readonly<Record<Verdict['file'], string>> = {
  disclosure: 'a disclosure',
  'sd-jwt': 'a disclosure as an SD-JWT',
  'tlog-proof': 'a proof that an entry is in a log',
  checkpoint: 'a checkpoint',
  unknown: 'nothing that can be verified',
};

export function describeSentences(
  { shown, notShown }: Pick<Verdict, 'shown' | 'notShown'>,
  output: Output,
): void {
  output.print();
  output.print(output.style('good', 'shown'));
  for (const sentence of shown) output.print(wrapped(sentence, '    ', '  - '));
  output.print(output.style('warn', 'not shown'));
  for (const sentence of notShown) output.print(wrapped(sentence, '    ', '  - '));
}

/** Those that the filters are about; of a complete disclosure the others are there to be counted. */
function describeEntries(all: readonly ShownEntry[], output: Output): void {
  const entries = all.filter(({ matches }) => matches === 'yes' || matches === 'unknown');
  if (entries.length === 0) return;
  output.print();
  for (const entry of entries.slice(0, ENTRIES_PRINTED_MAX)) {
    output.print(entryLine({ ...entry, digests: [] }, output));
    const values = Object.entries(entry.private).map(
      ([name, value]) => [name, cut(JSON.stringify(value))] as const,
    );
    const erased = entry.erased.map((name) => [name, 'erased'] as const);
    output.facts([...values, ...erased], '         ');
  }
  const more = entries.length - ENTRIES_PRINTED_MAX;
  if (more > 0) output.print(output.style('dim', `and ${more} more, which --json has`));
}

function cut(text: string): string {
  return text.length <= VALUE_CHARS_MAX ? text : `${text.slice(0, VALUE_CHARS_MAX)}…`;
}
