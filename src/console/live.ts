/** Events of the control API as they come. The browser connects again by itself when a stream ends. */
import { useEffect, useRef, useState } from 'react';
import type { z } from 'zod';
import type { STREAMS } from '#admin/streams.ts';

type Streams = typeof STREAMS;
export type StreamName = keyof Streams;
export type StreamEvent<N extends StreamName> = z.output<Streams[N]['event']>;

/** `lost` while the stream is broken off and being taken up again. */
export type Link = 'connecting' | 'open' | 'lost';

export function useStream<N extends StreamName>(
  path: string,
  onEvent: (event: StreamEvent<N>) => void,
): Link {
  const [link, setLink] = useState<Link>('connecting');
  const listener = useRef(onEvent);
  listener.current = onEvent;
  useEffect(() => {
    const source = new EventSource(path);
    source.onopen = () => setLink('open');
    source.onerror = () => setLink('lost');
    source.onmessage = ({ data }) => listener.current(JSON.parse(String(data)) as StreamEvent<N>);
    return () => source.close();
  }, [path]);
  return link;
}
