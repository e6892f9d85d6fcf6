/** What detectors look for under given terms: the word lists are part of them. */
import type { Detector } from '#signals/detector.ts';
import { personDetector } from '#signals/persons.ts';
import { topicDetector } from '#signals/topics.ts';
import type { Terms } from '#terms/terms.ts';

export function detectorsFor({ pack }: Terms): readonly Detector[] {
  return [topicDetector(pack.topics), personDetector];
}
