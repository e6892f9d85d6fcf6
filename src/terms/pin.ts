/**
 * After text.md was edited: where each clause of terms.yaml stands now, and under which hash.
 *
 * A clause whose words only moved is found by its hash. One whose words changed is found by its
 * heading, which the wording before tells; where that is not at hand, by its place between clauses
 * that did not change and by the words that its id and a heading share. Where that leaves a doubt,
 * nothing is pinned: a clause that slips to other words would change what was agreed.
 */
import { isScalar, isSeq, type Node, parseDocument } from 'yaml';
import { findSpan, hashOf } from './clauses.ts';
import { type Manifest, manifestSchema } from './manifest.ts';
import { type PackFile, type Problem, termsInvalid } from './problems.ts';
import { sectionsOf, type TextSection } from './redline/sections.ts';
import { readYaml } from './yaml.ts';

export interface Pin {
  /** terms.yaml, with nothing else in it touched. */
  readonly yaml: string;
  readonly clauses: readonly PinnedClause[];
}

export interface PinnedClause {
  readonly id: string;
  readonly result: 'same' | 'moved' | 'reworded' | 'added';
  /** Where it was, unless it is added. */
  readonly from?: ByteSpan | undefined;
  readonly to: ByteSpan;
  /** Of the bytes that it has now. */
  readonly sha256: string;
}

/** Bytes of text.md. */
export interface ByteSpan {
  readonly start: number;
  readonly end: number;
}

export interface PinInput {
  readonly yaml: PackFile;
  readonly text: string;
  /** The wording that terms.yaml was pinned to, where it is at hand. */
  readonly agreed?: string | undefined;
  /** Ids of clauses that terms.yaml does not have yet. */
  readonly added?: readonly string[] | undefined;
  /** The pack's folder, named in errors. */
  readonly dir: string;
}

/** @throws ProvisoError `terms_invalid`: a clause is not found again, or terms.yaml is not valid */
export function pinClauses({ yaml, text, agreed, added = [], dir }: PinInput): Pin {
  const problems: Problem[] = [];
  const manifest = readYaml(yaml, manifestSchema, problems);
  if (!manifest) throw termsInvalid(dir, problems);
  const { clauses } = manifest.value;
  const bytes = Buffer.from(text);
  const kept = clauses.map((clause) => keptSpan(clause, bytes));
  const find = agreed === undefined ? byPlace(clauses, kept, text) : byHeading(text, agreed);
  const pinned: PinnedClause[] = [];
  for (const [i, clause] of clauses.entries()) {
    const { id, start, end } = clause;
    const to = kept[i] ?? find(clause);
    if (typeof to === 'string') {
      problems.push(manifest.problem(['clauses', i, 'id'], to));
      continue;
    }
    const twice = pinned.find((other) => other.to.start === to.start);
    if (twice) {
      const message = `\`${id}\` and \`${twice.id}\` would stand on the same words: set their spans by hand.`;
      problems.push(manifest.problem(['clauses', i, 'id'], message));
    }
    const isSame = to.start === start && to.end === end;
    const result = !kept[i] ? 'reworded' : isSame ? 'same' : 'moved';
    const sha256 = hashOf(bytes.subarray(to.start, to.end));
    pinned.push({ id, result, from: { start, end }, to, sha256 });
  }
  const shape = usualShape(
    pinned.map(({ to }) => to),
    sectionsOf(text),
  );
  for (const id of new Set(added)) {
    const isKnown = clauses.some((clause) => clause.id === id);
    const to = isKnown
      ? `The clause \`${id}\` is there already.`
      : newSpan(id, pinned, shape, text);
    if (typeof to === 'string') problems.push(manifest.problem(['clauses'], to));
    else pinned.push({ id, result: 'added', to, sha256: hashOf(bytes.subarray(to.start, to.end)) });
  }
  if (problems.length > 0) throw termsInvalid(dir, problems);
  return { yaml: rewritten(yaml.text, pinned), clauses: pinned };
}

/** Whether each clause's bytes of a wording are those that terms.yaml was pinned to. */
export function isAgreedWording(yaml: PackFile, text: string): boolean {
  const manifest = readYaml(yaml, manifestSchema, []);
  return manifest?.value.clauses.every((clause) => isAt(clause, Buffer.from(text))) ?? false;
}

type ManifestClause = Manifest['clauses'][number];

function isAt({ start, end, sha256 }: ManifestClause, bytes: Buffer): boolean {
  return hashOf(bytes.subarray(start, end)) === sha256;
}

/** Where the agreed words are, if they are still there. */
function keptSpan(clause: ManifestClause, bytes: Buffer): ByteSpan | undefined {
  const { start, end, sha256 } = clause;
  if (isAt(clause, bytes)) return { start, end };
  const at = findSpan(bytes, end - start, sha256);
  return at === undefined ? undefined : { start: at, end: at + end - start };
}

/** The span of a clause whose words changed, or why it is not plain. */
type Find = (clause: ManifestClause) => ByteSpan | string;

function byHeading(text: string, agreed: string): Find {
  const [old, now] = [sectionsOf(agreed), sectionsOf(text)];
  return ({ id, start, end }) => {
    const section = old.find((one) => shapeOf(one, { start, end }) >= 0);
    if (!section) {
      return `The words of \`${id}\` changed, and it was no heading with what stands under it: set its span by hand.`;
    }
    const [again, ...others] = now.filter(({ key }) => key === section.key);
    const span = again?.spans[shapeOf(section, { start, end })];
    if (span && others.length === 0) return span;
    const count = again ? `there ${others.length + 1} times` : 'not there any more';
    return `The heading of \`${id}\`, \`${section.title}\`, is ${count}: set its span by hand.`;
  };
}

function byPlace(
  clauses: readonly ManifestClause[],
  kept: readonly (ByteSpan | undefined)[],
  text: string,
): Find {
  const sections = sectionsOf(text);
  const stand = kept.filter((span) => span !== undefined);
  const before = ({ start }: ByteSpan): number => stand.filter((span) => span.start < start).length;
  const shape = usualShape(stand, sections);
  return ({ id, start }) => {
    const rank = clauses.filter((clause, k) => kept[k] && clause.start < start).length;
    const here = freeSpans(sections, stand, shape).filter(({ span }) => before(span) === rank);
    return (
      bestNamed(id, here) ??
      `The words of \`${id}\` changed, and which heading is its own is not plain: give the wording before with \`--from\`.`
    );
  };
}

function newSpan(
  id: string,
  pinned: readonly PinnedClause[],
  shape: number,
  text: string,
): ByteSpan | string {
  const taken = pinned.map(({ to }) => to);
  const free = freeSpans(sectionsOf(text), taken, shape);
  return (
    bestNamed(id, free) ??
    `No heading is plainly that of the new clause \`${id}\`: none shares its words, or several do.`
  );
}

interface NamedSpan {
  readonly title: string;
  readonly span: ByteSpan;
}

/** Sections in which no clause stands. */
function freeSpans(
  sections: readonly TextSection[],
  taken: readonly ByteSpan[],
  shape: number,
): readonly NamedSpan[] {
  return sections.flatMap(({ title, spans }) => {
    const span = spans[shape];
    const isFree = taken.every(
      ({ start, end }) => !span || span.start < start || span.start >= end,
    );
    return span && isFree ? [{ title, span }] : [];
  });
}

/** The one whose title shares most words with the id, if it is one. */
function bestNamed(id: string, spans: readonly NamedSpan[]): ByteSpan | undefined {
  const shared = spans.map(({ title, span }) => ({ span, count: sharedWords(id, title) }));
  const most = Math.max(0, ...shared.map(({ count }) => count));
  const [best, ...others] = shared.filter(({ count }) => count === most && count > 0);
  return others.length === 0 ? best?.span : undefined;
}

/** To the next heading that is not below, with one line break at the end. */
const DEFAULT_SHAPE = 1;

/** How the clauses of a text are cut out of it. */
function usualShape(spans: readonly ByteSpan[], sections: readonly TextSection[]): number {
  const shapes = spans.flatMap((span) => sections.map((section) => shapeOf(section, span)));
  return shapes.find((shape) => shape >= 0) ?? DEFAULT_SHAPE;
}

/** In which of the ways a span is cut out of the section; -1 for none. */
function shapeOf({ spans }: TextSection, { start, end }: ByteSpan): number {
  return spans.findIndex((span) => span.start === start && span.end === end);
}

function sharedWords(id: string, title: string): number {
  const words = new Set(title.toLowerCase().split(/[^\p{L}\p{N}]+/u));
  return id.split(/[._-]/).filter((word) => word !== '' && words.has(word)).length;
}

/** Only numbers and hashes change, and new clauses are put at the end: all else stays as it is. */
function rewritten(yaml: string, pinned: readonly PinnedClause[]): string {
  const document = parseDocument(yaml);
  const changes = pinned.flatMap(({ result, to, sha256 }, i) =>
    Object.entries({ start: to.start, end: to.end, sha256 }).flatMap(([key, value]) => {
      const node = result === 'added' ? undefined : document.getIn(['clauses', i, key], true);
      const [from, end] = (isScalar(node) && node.range) || [];
      return from === undefined || end === undefined ? [] : [{ from, end, value: String(value) }];
    }),
  );
  const clauses = document.get('clauses');
  const last = isSeq<Node>(clauses) ? clauses.items.at(-1)?.range : undefined;
  if (last) {
    const [start, , end] = last;
    const indent = / *(?=- *$)/.exec(yaml.slice(yaml.lastIndexOf('\n', start - 1) + 1, start))?.[0];
    const added = pinned.filter(({ result }) => result === 'added');
    const lines = added.map((clause) => addedLines(clause, indent ?? '')).join('');
    const isAtLine = lines === '' || yaml[end - 1] === '\n';
    changes.push({ from: end, end, value: isAtLine ? lines : `\n${lines}` });
  }
  return changes
    .toSorted((a, b) => b.from - a.from)
    .reduce((text, { from, end, value }) => text.slice(0, from) + value + text.slice(end), yaml);
}

function addedLines({ id, to, sha256 }: PinnedClause, indent: string): string {
  const rest = [`start: ${to.start}`, `end: ${to.end}`, `sha256: ${sha256}`];
  return [`- id: ${id}`, ...rest.map((line) => `  ${line}`)]
    .map((line) => `${indent}${line}\n`)
    .join('');
}
