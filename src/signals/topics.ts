/**
 * Topics: the word lists of the terms, looked for in every text, and by tool in what defines it.
 */
import {
  type Detection,
  type Detector,
  EVIDENCE_MAX,
  type Finding,
  NOTHING_FOUND,
  pathOf,
} from './detector.ts';
import { PhraseSet } from './phrases.ts';

export type WordLists = Readonly<Record<string, readonly string[]>>;

const NAME = 'topics';
const VERSION = '1';

/**
 * Builds the table for one version of the terms; a few milliseconds for hundreds of phrases.
 * @param lists phrases by topic; a `*` at the end of a phrase takes any ending of its last word
 * @throws Error for a phrase without a letter or digit
 */
export function topicDetector(lists: WordLists): Detector {
  const phrases: string[] = [];
  const topics: string[] = [];
  for (const [topic, words] of Object.entries(lists)) {
    for (const word of words) {
      phrases.push(word);
      topics.push(topic);
    }
  }
  const set = new PhraseSet(phrases);
  return {
    name: NAME,
    version: VERSION,
    timeLimitMs: 1_000,
    detect(passages): Detection {
      const hits: number[] = [];
      let findings: Finding[] | undefined;
      const shown = new Map<string, number>();
      for (const { text, place, tool, length } of passages) {
        set.scan(text, hits);
        if (hits.length === 0) continue;
        findings ??= [];
        for (let i = 0; i < hits.length; i += 2) {
          const phrase = hits[i] ?? 0;
          const topic = topics[phrase] ?? '';
          const key = tool === undefined ? topic : `${topic}\0${tool}`;
          const times = shown.get(key) ?? 0;
          if (times >= EVIDENCE_MAX) continue;
          shown.set(key, times + 1);
          const [start, end] =
            length === undefined ? set.spanOf(phrase, text, hits[i + 1] ?? 0) : [0, length];
          findings.push({
            detector: `${NAME}@${VERSION}`,
            kind: 'topic',
            label: topic,
            tool,
            at: pathOf(place),
            start,
            end,
          });
        }
        hits.length = 0;
      }
      return findings === undefined ? NOTHING_FOUND : { findings };
    },
  };
}
