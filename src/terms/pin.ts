/**
 * After text.md was edited: where each clause of terms.yaml stands now, and under which hash.
 *
 * A clause whose words only moved is found by its hash. One whose words changed is found by its
 * heading, which the wording before tells; where that is not at hand, by its place between clauses
 * that did not change and by the words that its id and a heading share. Where that leaves a doubt,
 * nothing is pinned: a clause that slips to other words would change what was agreed.
 */
import { isScalar, parseDocument } from 'yaml';
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
  readonly result: 'same' | 'moved' | 'reworded';
  readonly from: ByteSpan;
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
  /** The pack's folder, named in errors. */
  readonly dir: string;
}

/** @throws ProvisoError `terms_invalid`: a clause is not found again, or terms.yaml is not valid */
export function pinClauses({ yaml, text, agreed, dir }: PinInput): Pin {
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
  const isFree = ({ start }: ByteSpan): boolean =>
    stand.every((span) => start < span.start || start >= span.end);
  const shape = stand
    .flatMap((span) => sections.map((section) => shapeOf(section, span)))
    .find((found) => found >= 0);
  return ({ id, start }) => {
    const rank = clauses.filter((clause, k) => kept[k] && clause.start < start).length;
    const here = sections.flatMap((section) => {
      const span = section.spans[shape ?? DEFAULT_SHAPE];
      if (!span || !isFree(span) || before(span) !== rank) return [];
      return [{ span, shared: sharedWords(id, section.title) }];
    });
    const most = Math.max(0, ...here.map(({ shared }) => shared));
    const [best, ...others] = here.filter(({ shared }) => shared === most && shared > 0);
    if (best && others.length === 0) return best.span;
    return `The words of \`${id}\` changed, and which heading is its own is not plain: give the wording before with \`--from\`.`;
  };
}

/** To the next heading that is not below, with one line break at the end. */
const DEFAULT_SHAPE = 1;

/** In which of the ways a span is cut out of the section; -1 for none. */
function shapeOf({ spans }: TextSection, { start, end }: ByteSpan): number {
  return spans.findIndex((span) => span.start === start && span.end === end);
}

function sharedWords(id: string, title: string): number {
  const words = new Set(title.toLowerCase().split(/[^\p{L}\p{N}]+/u));
  return id.split(/[._-]/).filter((word) => word !== '' && words.has(word)).length;
}

/** Only the numbers and hashes change: comments, order and spacing stay. */
function rewritten(yaml: string, pinned: readonly PinnedClause[]): string {
  const document = parseDocument(yaml);
  const changes = pinned.flatMap(({ to, sha256 }, i) =>
    Object.entries({ start: to.start, end: to.end, sha256 }).flatMap(([key, value]) => {
      const node = document.getIn(['clauses', i, key], true);
      const [from, end] = (isScalar(node) && node.range) || [];
      return from === undefined || end === undefined ? [] : [{ from, end, value: String(value) }];
    }),
  );
  return changes
    .toSorted((a, b) => b.from - a.from)
    .reduce((text, { from, end, value }) => text.slice(0, from) + value + text.slice(end), yaml);
}
