/** How long a page was really looked at, and a sound for what arrives while it is not. */
import { useEffect, useRef } from 'react';

export interface Watched {
  /** When it was first shown, milliseconds since 1970. */
  readonly openedAt: number;
  readonly visibleMs: number;
}

/** Counts only while the page is visible. Read when someone answers. */
export function useAttention(): () => Watched {
  const watch = useRef({ openedAt: Date.now(), countedMs: 0, since: performance.now() });
  useEffect(() => {
    const current = watch.current;
    current.since = performance.now();
    const onChange = (): void => {
      if (document.visibilityState === 'visible') current.since = performance.now();
      else current.countedMs += performance.now() - current.since;
    };
    document.addEventListener('visibilitychange', onChange);
    return () => document.removeEventListener('visibilitychange', onChange);
  }, []);
  return () => {
    const { openedAt, countedMs, since } = watch.current;
    const isVisible = document.visibilityState === 'visible';
    const runningMs = isVisible ? performance.now() - since : 0;
    return { openedAt, visibleMs: Math.round(countedMs + runningMs) };
  };
}

/** Two short tones. Browsers play them once the person has clicked anywhere on the page. */
export function ring(): void {
  try {
    const audio = new AudioContext();
    const gain = audio.createGain();
    gain.gain.value = 0.08;
    gain.connect(audio.destination);
    for (const [i, frequency] of [660, 880].entries()) {
      const tone = audio.createOscillator();
      tone.frequency.value = frequency;
      tone.connect(gain);
      tone.start(audio.currentTime + i * 0.16);
      tone.stop(audio.currentTime + i * 0.16 + 0.12);
    }
    setTimeout(() => void audio.close(), 1_000);
  } catch {
    // Without sound the title still says it.
  }
}
