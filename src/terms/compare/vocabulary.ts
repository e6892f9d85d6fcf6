/**
 * Tool classes and topics that do not mean the same in two packs. Rules name them, and so permit
 * other things where their patterns or phrases change, although no rule did; no solver sees that, so
 * it is shown by example: each name that a changed pattern gives.
 */
import { decide } from '../decide.ts';
import type { ToolCallFacts } from '../facts.ts';
import type { Pack } from '../pack.ts';
import type { Effect } from '../prove/pack-policies.ts';
import { compileTerms, type Terms } from '../terms.ts';
import { namesWord } from '../uses.ts';
import type { Side } from './differences.ts';

export interface VocabularyChange {
  readonly kind: 'tool class' | 'topic';
  readonly name: string;
  /** Patterns or phrases that only one of the two has. */
  readonly words: Readonly<Record<Side, readonly string[]>>;
  /** Ids of rules, red lines and assurances that name it. */
  readonly rules: Readonly<Record<Side, readonly string[]>>;
  /** Tools that the two see in other classes. */
  readonly examples: readonly ToolExample[];
}

export interface ToolExample {
  readonly tool: string;
  readonly first: SeenTool;
  readonly second: SeenTool;
}

interface SeenTool {
  readonly classes: readonly string[];
  /** For a caller of whom nothing else is known, where both permit one a tool of no class. */
  readonly effect?: Effect | undefined;
}

export function vocabularyChanges(first: Pack, second: Pack): readonly VocabularyChange[] {
  const terms = { first: compileTerms(first), second: compileTerms(second) };
  const changed = (
    kind: VocabularyChange['kind'],
    of: (pack: Pack) => ReadonlyMap<string, readonly string[]>,
  ): readonly VocabularyChange[] =>
    union(of(first).keys(), of(second).keys()).flatMap((name) => {
      const [a, b] = [of(first).get(name) ?? [], of(second).get(name) ?? []];
      const words = { first: without(a, b), second: without(b, a) };
      const isKept = of(first).has(name) === of(second).has(name);
      if (isKept && words.first.length + words.second.length === 0) return [];
      const [uses, patterns] =
        kind === 'topic'
          ? (['topic', []] as const)
          : (['class', [...words.first, ...words.second]] as const);
      const rules = {
        first: rulesNaming(uses, name, first),
        second: rulesNaming(uses, name, second),
      };
      return [{ kind, name, words, rules, examples: toolExamples(name, patterns, terms) }];
    });
  return [
    ...changed('tool class', ({ toolClasses }) => toolClasses),
    ...changed('topic', ({ topics }) => new Map(Object.entries(topics))),
  ];
}

/** Names that a pattern gives, as far as the two see them in the class differently. */
function toolExamples(
  name: string,
  patterns: readonly string[],
  terms: Readonly<Record<Side, Terms>>,
): readonly ToolExample[] {
  const { first, second } = terms;
  const instant = Math.max(PLAIN_INSTANT, first.effective.from, second.effective.from);
  const effectOf = (tool: string, of: Terms): Effect =>
    decide(plainToolCall(tool, instant), of).decision.effect;
  // Else it says nothing of the class that the one is denied.
  const isOpen = [first, second].every((of) => effectOf('x', of) === 'permit');
  const seen = (tool: string, of: Terms): SeenTool => ({
    classes: of.toolClasses.classesOf(tool),
    ...(isOpen ? { effect: effectOf(tool, of) } : {}),
  });
  return union(patterns.map(nameOf))
    .filter((tool) => tool !== '')
    .map((tool) => ({ tool, first: seen(tool, first), second: seen(tool, second) }))
    .filter((one) => one.first.classes.includes(name) !== one.second.classes.includes(name));
}

/** One that the pattern matches. */
function nameOf(pattern: string): string {
  return pattern.replaceAll('*', '').replace(/^_+|_+$/g, '');
}

const PLAIN_INSTANT = Date.UTC(2026, 0, 1);

function plainToolCall(name: string, instant: number): ToolCallFacts {
  return {
    operation: 'call_tool',
    caller: { id: 'someone', owner: '', organisation: '', teams: [], clearance: 0 },
    model: { provider: 'provider', name: 'model' },
    tool: { name },
    runsAt: 'caller',
    signals: { persons: 0, personKinds: [], topics: [], unread: [], missing: [] },
    toolTopics: [],
    instant,
  };
}

function rulesNaming(
  kind: 'class' | 'topic',
  name: string,
  { rules, redLines, assurances }: Pack,
): readonly string[] {
  return [...rules, ...redLines, ...assurances]
    .filter((rule) => namesWord(rule, kind, name))
    .map(({ policy }) => policy.id);
}

function without(words: readonly string[], others: readonly string[]): readonly string[] {
  return words.filter((word) => !others.includes(word));
}

function union(...names: readonly Iterable<string>[]): readonly string[] {
  return [...new Set(names.flatMap((some) => [...some]))];
}
