/**
 * Server-sent events (WHATWG HTML, 9.2): a reader for bytes cut anywhere, and a writer.
 * https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
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

const LF = 0x0a;
const CR = 0x0d;
const BYTE_ORDER_MARK = 0xfeff;

/**
 * Handles CR, LF and CRLF line ends, a byte order mark, comments, and UTF-8 split at any byte.
 *
 * @param eventBytesMax bounds one event before it ends, in UTF-16 units
 */
export function sseReader(eventBytesMax: number): SseReader {
  const lines = new Lines();
  let event = '';
  let data: string | undefined;

  function takeLine(line: string, events: SseEvent[]): void {
    if (line === '') {
      if (data !== undefined) events.push({ event: event === '' ? 'message' : event, data });
      event = '';
      data = undefined;
    } else if (line.startsWith('data:')) {
      const value = line.slice(line.charCodeAt(5) === 0x20 ? 6 : 5);
      data = data === undefined ? value : `${data}\n${value}`;
    } else if (line.startsWith('event:')) {
      event = line.slice(line.charCodeAt(6) === 0x20 ? 7 : 6);
    } else if (line === 'data') data = data === undefined ? '' : `${data}\n`;
    else if (line === 'event') event = '';
  }

  return {
    push(bytes) {
      const events: SseEvent[] = [];
      for (const line of lines.push(bytes)) takeLine(line, events);
      if (lines.restLength + event.length + (data?.length ?? 0) > eventBytesMax) {
        throw new ProvisoError('upstream_invalid', 'The provider sent an event that is too large.');
      }
      return events;
    },
    end() {
      const events: SseEvent[] = [];
      const last = lines.end();
      if (last !== '') takeLine(last, events);
      takeLine('', events);
      return events;
    },
  };
}

/** Bytes → the lines that they complete. */
class Lines {
  /** The beginning of a character whose other bytes have not come. */
  #pending: Uint8Array | undefined;
  /** The beginning of a line: only new text is searched for its end. */
  #rest = '';
  #endedWithCr = false;
  #isFirst = true;

  get restLength(): number {
    return this.#rest.length;
  }

  push(bytes: Uint8Array): readonly string[] {
    const text = this.#normal(this.#decode(bytes));
    let end = text.indexOf('\n');
    if (end < 0) {
      this.#rest += text;
      return [];
    }
    const lines = [this.#rest + text.slice(0, end)];
    let start = end + 1;
    for (end = text.indexOf('\n', start); end >= 0; end = text.indexOf('\n', start)) {
      lines.push(text.slice(start, end));
      start = end + 1;
    }
    this.#rest = text.slice(start);
    return lines;
  }

  end(): string {
    // Half a character becomes the replacement character, as the Encoding standard has it.
    const line = this.#rest + Buffer.from(this.#pending ?? []).toString('utf8');
    this.#pending = undefined;
    this.#rest = '';
    return line;
  }

  #decode(bytes: Uint8Array): string {
    let all = bytes;
    if (this.#pending) {
      all = Buffer.concat([this.#pending, bytes]);
      this.#pending = undefined;
    }
    const whole = wholeCharacters(all);
    if (whole < all.length) this.#pending = all.slice(whole);
    return Buffer.from(all.buffer, all.byteOffset, whole).toString('utf8');
  }

  /** The text with LF as its only line end, and without a byte order mark. */
  #normal(text: string): string {
    if (text === '') return text;
    let normal = text;
    if (this.#isFirst) {
      this.#isFirst = false;
      if (normal.charCodeAt(0) === BYTE_ORDER_MARK) normal = normal.slice(1);
    }
    // A CR at the end of one piece and an LF at the start of the next are one line end.
    if (this.#endedWithCr && normal.charCodeAt(0) === LF) normal = normal.slice(1);
    this.#endedWithCr = text.charCodeAt(text.length - 1) === CR;
    return normal.includes('\r') ? normal.replace(/\r\n?/g, '\n') : normal;
  }
}

/** How many of the bytes are before a character that is cut off at their end (RFC 3629). */
function wholeCharacters(bytes: Uint8Array): number {
  const { length } = bytes;
  for (let back = 1; back <= 3 && back <= length; back++) {
    const byte = bytes[length - back] as number;
    if (byte < 0x80) return length;
    if (byte < 0xc0) continue;
    const size = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
    return size > back ? length - back : length;
  }
  return length;
}

export function sseText(data: string, event?: string): string {
  return event === undefined ? `data: ${data}\n\n` : `event: ${event}\ndata: ${data}\n\n`;
}
