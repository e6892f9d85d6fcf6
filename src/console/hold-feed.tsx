/**
 * What waits, on every page: one stream that says each change, a sound and a number in the title
 * when something arrives. While the stream is lost, the same is asked each second.
 */
import { useLocalStorage, usePrevious } from '@mantine/hooks';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { createContext, type ReactNode, use, useEffect } from 'react';
import { ask, type Result } from './api.ts';
import { ring } from './attention.ts';
import { type Link, useStream } from './live.ts';

export type HoldRow = Result<'listHolds'>[number];

interface Feed {
  readonly link: Link;
  /** How many holds wait for the one who is signed in. */
  readonly waiting: number;
}

const FeedContext = createContext<Feed>({ link: 'connecting', waiting: 0 });

export function useHoldFeed(): Feed {
  return use(FeedContext);
}

const POLL_MS = 1_000;

/** How often to ask; not at all while the stream says what changes. */
export function usePollMs(): number | false {
  return useHoldFeed().link === 'open' ? false : POLL_MS;
}

export function HoldFeed({ children }: { readonly children: ReactNode }) {
  const queries = useQueryClient();
  const link = useStream<'watchHolds'>('/api/v1/holds/live', ({ holds: open }) => {
    queries.setQueryData(['holds', 'open'], open);
    void queries.invalidateQueries({ queryKey: ['holds', 'all'] });
    void queries.invalidateQueries({ queryKey: ['hold'] });
  });
  const holds = useQuery({
    queryKey: ['holds', 'open'],
    queryFn: () => ask('listHolds', { state: 'open' }),
    refetchInterval: link === 'open' ? false : POLL_MS,
  });
  const waiting = holds.data?.filter(isMine).length ?? 0;
  const [hasSound] = useSound();
  const before = usePrevious(waiting) ?? waiting;
  useEffect(() => {
    if (hasSound && waiting > before) ring();
  }, [waiting, before, hasSound]);
  return <FeedContext value={{ link, waiting }}>{children}</FeedContext>;
}

export function useSound() {
  return useLocalStorage({ key: 'sound', defaultValue: true });
}

function isMine({ state, objection }: HoldRow): boolean {
  return state === 'open' && objection === undefined;
}
