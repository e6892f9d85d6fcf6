/** Work that takes as long as a proof does: begun once, and looked at until it has ended. */
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';

export interface Progress {
  readonly done: number;
  readonly total: number;
}

const LOOK_MS = 300;

type Look = { readonly state: string } | ({ readonly state: 'under way' } & Progress);
/** What it came to. */
type End<Found> = Exclude<Found, { readonly state: 'under way' }>;

/** @param look gives how far it is, or what it came to; throws where it was refused */
export function useAttempt<In, Found extends Look>(
  begin: (input: In) => Promise<number>,
  look: (attempt: number) => Promise<Found>,
  onDone?: (end: End<Found>) => unknown,
) {
  const [progress, setProgress] = useState<Progress>();
  const attempt = useMutation({
    async mutationFn(input: In): Promise<End<Found>> {
      setProgress({ done: 0, total: 0 });
      const number = await begin(input);
      for (;;) {
        const found = await look(number);
        if (found.state !== 'under way') return found as End<Found>;
        if ('done' in found) setProgress({ done: found.done, total: found.total });
        await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
      }
    },
    onSuccess: (end) => onDone?.(end),
  });
  return { ...attempt, progress };
}
