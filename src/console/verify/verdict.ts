/** A verdict as the page shows it. What a file says is only ever put in as text. */
import type { ShownEntry, Verdict } from '#disclosure/verify/verdict.ts';
import { instantWords } from '#disclosure/verify/words.ts';

const ENTRIES_SHOWN_MAX = 200;

const FILES: Readonly<Record<Verdict['file'], string>> = {
  disclosure: 'a disclosure',
  'sd-jwt': 'a disclosure as an SD-JWT',
  'tlog-proof': 'a proof that an entry is in a log',
  checkpoint: 'a checkpoint',
  unknown: 'nothing that can be verified',
};

export function describeVerdict(name: string, verdict: Verdict): readonly Node[] {
  const { file, isShown, problem, checkpoint, shown, notShown, entries } = verdict;
  const about =
    checkpoint && `${checkpoint.origin}, ${checkpoint.size} entries, ${checkpoint.root}`;
  const head = [
    part('h2', 'Verdict'),
    result(isShown, isShown ? 'All that the file says is shown.' : (problem?.message ?? '')),
    part('p', [`${name}: ${FILES[file]}`, about].filter(Boolean).join('; '), 'facts'),
  ];
  if (!isShown) return head;
  return [
    ...head,
    part('h2', 'Shown'),
    list(shown),
    part('h2', 'Not shown'),
    list(notShown),
    ...describeEntries(entries),
  ];
}

export function describeProblem(message: string): readonly Node[] {
  return [part('h2', 'Verdict'), result(false, message)];
}

/** Those that the filters are about; of a complete disclosure the others are there to be counted. */
function describeEntries(all: readonly ShownEntry[]): readonly Node[] {
  const entries = all.filter(({ matches }) => matches === 'yes' || matches === 'unknown');
  if (entries.length === 0) return [];
  const more = entries.length - ENTRIES_SHOWN_MAX;
  return [
    part('h2', 'Entries'),
    ...entries.slice(0, ENTRIES_SHOWN_MAX).map(describeEntry),
    ...(more > 0 ? [part('p', `And ${more} more, which \`proviso verify --json\` has.`)] : []),
  ];
}

function describeEntry({ index, kind, at, closes, public: facts, ...rest }: ShownEntry): Node {
  const details = document.createElement('details');
  const of = closes === undefined ? '' : ` of ${closes}`;
  const effect = facts['effect'] ?? facts['outcome'] ?? facts['action'];
  const words = `${index}  ${instantWords(at)}  ${kind}${of}  ${typeof effect === 'string' ? effect : ''}`;
  details.append(part('summary', words, 'entry'), part('pre', JSON.stringify(facts, null, 2)));
  for (const [name, value] of Object.entries(rest.private)) {
    details.append(part('p', `Disclosed: \`${name}\``));
    details.append(part('pre', JSON.stringify(value, null, 2)));
  }
  for (const name of rest.erased) details.append(part('p', `Erased, says the file: \`${name}\``));
  return details;
}

function result(isShown: boolean, words: string): Node {
  const sign = isShown ? 'Shown. ' : 'Not shown. ';
  return part('p', sign + words, `result ${isShown ? 'shown' : 'not-shown'}`);
}

function list(sentences: readonly string[]): Node {
  const items = document.createElement('ul');
  items.append(...sentences.map((sentence) => part('li', sentence)));
  return items;
}

/** @param text in which what stands in backticks is code, but in a `pre` */
function part(tag: string, text: string, className = ''): HTMLElement {
  const made = document.createElement(tag);
  made.className = className;
  if (tag === 'pre') made.textContent = text;
  else made.append(...text.split('`').map((words, i) => (i % 2 === 1 ? code(words) : words)));
  return made;
}

function code(text: string): HTMLElement {
  const made = document.createElement('code');
  made.textContent = text;
  return made;
}
