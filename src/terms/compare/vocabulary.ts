/**
 * Tool classes and topics that do not mean the same in two packs. Rules name them, and so permit
 * other things where their patterns or phrases change, although no rule did; no solver sees that, so
 * it is shown by example: each name that a changed pattern gives.
 */
import { decide } from '../decide.ts';
import type { ToolCallFacts } from '../facts.ts';
import type { Pack } from '../pack.ts';
import type { Effect } from '../prove/pack-policies.ts';
import { namesWord } from '../prove/vocabulary.ts';
import { compileTerms, type Terms } from '../terms.ts';
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
  /** Decided for a caller without a purpose, of whom and in which nothing else is known. */
  readonly effect: Effect;
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
  const tools = union(
    patterns.map((pattern) => pattern.replaceAll('*', '').replace(/^_+|_+$/g, '')),
  );
  return tools
    .filter((tool) => tool !== '')
    .map((tool) => ({ tool, first: seen(tool, terms.first), second: seen(tool, terms.second) }))
    .filter(({ first, second }) => first.classes.includes(name) !== second.classes.includes(name));
}

function seen(tool: string, terms: Terms): SeenTool {
  const { effect } = decide(plainToolCall(tool), terms).decision;
  return { classes: terms.toolClasses.classesOf(tool), effect };
}

function plainToolCall(name: string): ToolCallFacts {
  return {
    operation: 'call_tool',
    caller: { id: 'someone', owner: '', organisation: '', teams: [], clearance: 0 },
    model: { provider: 'provider', name: 'model' },
    tool: { name },
    runsAt: 'caller',
    signals: { persons: 0, personKinds: [], topics: [], unread: [], missing: [] },
    toolTopics: [],
    instant: Date.UTC(2026, 0, 1),
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
