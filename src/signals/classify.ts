/** The stage that says what about: only here does a `Classified` come to be. */
import type { ExchangeRequest } from '#wire/exchange.ts';
import type { Detection, Detector, Finding } from './detector.ts';
import { type Texts, textsOf, textsOfCall } from './texts.ts';

declare const classified: unique symbol;

/** What the detectors say. A detector is fallible, and an absent topic is not a proof of absence. */
export interface Signals {
  /** Distinct person identifiers. */
  readonly persons: number;
  /** Which kinds of identifier, sorted. */
  readonly personKinds: readonly string[];
  /** Sorted. */
  readonly topics: readonly string[];
  /**
   * By the tool's name: the topics that its name and definition speak of, sorted. Without a
   * prototype, since a caller may name a tool `constructor`.
   */
  readonly toolTopics: Readonly<Record<string, readonly string[]>>;
  /** Names of detectors that failed or took too long: facts that nobody has. */
  readonly missing: readonly string[];
  /** Those that were asked, as `name@version`. */
  readonly detectors: readonly string[];
  /** What no detector looked into, sorted: media types, `url`, `upload`, `tokens`. */
  readonly unread: readonly string[];
  /** Evidence; private. */
  readonly findings: readonly Finding[];
  /** Each distinct person identifier, normalised; never recorded or shown. */
  readonly subjects: ReadonlySet<string>;
}

export type Classified<P> = P & {
  readonly signals: Signals;
  readonly [classified]: true;
};

/** Returns at once where every detector does; a promise where one of them waits. */
export function classify<P extends { readonly request: ExchangeRequest }>(
  declared: P,
  detectors: readonly Detector[],
): Classified<P> | Promise<Classified<P>> {
  const signals = signalsIn(textsOf(declared.request), detectors);
  return signals instanceof Promise
    ? signals.then((later) => withSignals(declared, later))
    : withSignals(declared, signals);
}

/**
 * The signals of one tool call in an answer.
 * @param argumentsText JSON text, or a custom tool's free text
 * @param definitionTopics what the tool's definition in the request spoke of
 */
export function classifyToolCall(
  name: string,
  argumentsText: string,
  detectors: readonly Detector[],
  definitionTopics: readonly string[] = [],
): Signals | Promise<Signals> {
  const signals = signalsIn(textsOfCall(name, argumentsText), detectors);
  const withDefinition = (found: Signals): Signals => {
    if (definitionTopics.length === 0) return found;
    const toolTopics: Record<string, readonly string[]> = Object.create(null);
    toolTopics[name] = sorted([...(found.toolTopics[name] ?? []), ...definitionTopics]);
    return { ...found, toolTopics };
  };
  return signals instanceof Promise ? signals.then(withDefinition) : withDefinition(signals);
}

function withSignals<P>(declared: P, signals: Signals): Classified<P> {
  return { ...declared, signals } as P & { signals: Signals } as Classified<P>;
}

/** Undefined stands for a detector that failed. */
type Outcome = Detection | undefined;

function signalsIn(texts: Texts, detectors: readonly Detector[]): Signals | Promise<Signals> {
  const outcomes: Outcome[] = [];
  const waiting: Promise<void>[] = [];
  for (const [i, detector] of detectors.entries()) {
    const outcome = run(detector, texts);
    if (outcome instanceof Promise) {
      outcomes.push(undefined);
      waiting.push(outcome.then((later) => void (outcomes[i] = later)));
    } else outcomes.push(outcome);
  }
  if (waiting.length === 0) return merged(texts, detectors, outcomes);
  return Promise.all(waiting).then(() => merged(texts, detectors, outcomes));
}

/** INVARIANT (5): what a detector that fails or is late would have found is a missing fact. */
function run(detector: Detector, texts: Texts): Outcome | Promise<Outcome> {
  const untilMs = performance.now() + detector.timeLimitMs;
  try {
    const detection = detector.detect(texts.passages, untilMs);
    if (detection instanceof Promise) return inTime(detection, detector.timeLimitMs);
    return performance.now() > untilMs ? undefined : detection;
  } catch {
    return undefined;
  }
}

async function inTime(detection: Promise<Detection>, limitMs: number): Promise<Outcome> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, limitMs, undefined);
  });
  try {
    return await Promise.race([detection, late]);
  } catch {
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}

const NONE: readonly string[] = [];
const NO_TOOLS: Readonly<Record<string, readonly string[]>> = Object.create(null);
const NO_FINDINGS: readonly Finding[] = [];
const NO_SUBJECTS: ReadonlySet<string> = new Set();

function merged(
  { unread }: Texts,
  detectors: readonly Detector[],
  outcomes: readonly Outcome[],
): Signals {
  let missing: string[] | undefined;
  let findings: Finding[] | undefined;
  let subjects: Set<string> | undefined;
  for (let i = 0; i < outcomes.length; i++) {
    const outcome = outcomes[i];
    if (outcome === undefined) {
      missing ??= [];
      missing.push(detectors[i]?.name ?? '');
      continue;
    }
    if (outcome.findings.length > 0) {
      findings ??= [];
      findings.push(...outcome.findings);
    }
    if (outcome.subjects && outcome.subjects.size > 0) {
      subjects ??= new Set();
      for (const subject of outcome.subjects) subjects.add(subject);
    }
  }
  return {
    persons: subjects?.size ?? 0,
    personKinds: findings ? labelsOf(findings, 'person') : NONE,
    topics: findings ? labelsOf(findings, 'topic') : NONE,
    toolTopics: findings ? topicsByTool(findings) : NO_TOOLS,
    missing: missing ?? NONE,
    detectors: namesOf(detectors),
    unread,
    findings: findings ?? NO_FINDINGS,
    subjects: subjects ?? NO_SUBJECTS,
  };
}

/** One list for all calls with the same detectors. */
const names = new WeakMap<readonly Detector[], readonly string[]>();

function namesOf(detectors: readonly Detector[]): readonly string[] {
  let named = names.get(detectors);
  if (!named) {
    named = detectors.map(({ name, version }) => `${name}@${version}`);
    names.set(detectors, named);
  }
  return named;
}

function labelsOf(findings: readonly Finding[], kind: Finding['kind']): readonly string[] {
  return sorted(findings.filter((finding) => finding.kind === kind).map(({ label }) => label));
}

function topicsByTool(findings: readonly Finding[]): Readonly<Record<string, readonly string[]>> {
  const topics: Record<string, readonly string[]> = Object.create(null);
  for (const { kind, tool, label } of findings) {
    if (kind === 'topic' && tool !== undefined) {
      topics[tool] = sorted([...(topics[tool] ?? []), label]);
    }
  }
  return topics;
}

function sorted(labels: readonly string[]): readonly string[] {
  return [...new Set(labels)].sort();
}
