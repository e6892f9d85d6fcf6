/** Server-sent events (WHATWG HTML, 9.2): a reader for bytes cut anywhere, and a writer. */
import { ProvisoError } from '#base/errors.ts';

export interface SseEvent {
  /** `message` where the stream names none. */
  readonly event: string;
  readonly data: string;
}

export interface SseReader {
  /** The events that these bytes complete. Throws `upstream_invalid` past `eventBytesMax`. */
  push(bytes: Uint8Array): SseEvent[];
  /** At the end of the bytes: an event without its empty line is given, for providers that end so. */
  end(): SseEvent[];
}

/** Handles CR, LF and CRLF line ends, a byte order mark, comments, and UTF-8 split at any byte. */
export function sseReader(eventBytesMax: number): SseReader {
  const decoder = new TextDecoder('utf-8');
  let rest = '';
  let endedWithCr = false;
  let event = '';
  let data: string | undefined;

  function takeLines(final: boolean): SseEvent[] {
    const events: SseEvent[] = [];
    let start = 0;
    const line = /\r\n|\n|\r/g;
    for (let match = line.exec(rest); match; match = line.exec(rest)) {
      takeLine(rest.slice(start, match.index), events);
      start = match.index + match[0].length;
    }
    rest = start === 0 ? rest : rest.slice(start);
    if (final && rest !== '') {
      takeLine(rest, events);
      rest = '';
    }
    if (rest.length + (data?.length ?? 0) > eventBytesMax) {
      throw new ProvisoError('upstream_invalid', 'The provider sent an event that is too large.');
    }
    return events;
  }

  function takeLine(line: string, events: SseEvent[]): void {
    if (line === '') {
      if (data !== undefined) events.push({ event: event === '' ? 'message' : event, data });
      event = '';
      data = undefined;
      return;
    }
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    let value = colon < 0 ? '' : line.slice(colon + 1);
    if (value.startsWith(' ')) value = value.slice(1);
    if (field === 'data') data = data === undefined ? value : `${data}\n${value}`;
    else if (field === 'event') event = value;
  }

  return {
    push(bytes) {
      let text = decoder.decode(bytes, { stream: true });
      if (text === '') return [];
      // A CR at the end of one piece and an LF at the start of the next are one line end.
      if (endedWithCr && text.startsWith('\n')) text = text.slice(1);
      endedWithCr = bytes.at(-1) === 0x0d;
      rest += text;
      return takeLines(false);
    },
    end() {
      rest += decoder.decode();
      const events = takeLines(true);
      takeLine('', events);
      return events;
    },
  };
}

export function sseText(data: string, event?: string): string {
  return event === undefined ? `data: ${data}\n\n` : `event: ${event}\ndata: ${data}\n\n`;
}
