/** One keep-alive connection of the load generator: sends a request, reads the answer, checks it. */
import { connect, type Socket } from 'node:net';
import { streamProblem, wholeProblem } from './check.ts';
import { TOKEN } from './traffic.ts';

export interface ConnectionEvents {
  firstToken(waitMs: number): void;
  /** The answer is whole and right. */
  answered(latencyMs: number): void;
  /** The answer is wrong or the connection broke; it is closed. */
  failed(problem: string): void;
}

const LENGTH_MARK = /\r\ncontent-length: *(\d+)/i;
const LAST_CHUNK = '0\r\n\r\n';
/** Reads are handled one after another, so all connections share the bytes. */
const readBuffer = Buffer.allocUnsafe(64 * 1024);

export class Connection {
  readonly #request: Buffer;
  readonly #isStream: boolean;
  readonly #events: ConnectionEvents;
  readonly #socket: Socket;
  #isFirstCall = true;
  #isClosed = false;
  // Of the answer that is being read:
  #pieces: string[] = [];
  #tail = '';
  #bodyStart = 0;
  /** 0 where the answer is chunked. */
  #bytesExpected = 0;
  #bytesRead = 0;
  #startedAt = 0;
  #hasToken = false;

  /** Makes the first call as soon as it is connected. */
  constructor(port: number, request: Buffer, isStream: boolean, events: ConnectionEvents) {
    this.#request = request;
    this.#isStream = isStream;
    this.#events = events;
    this.#socket = connect({
      port,
      host: '127.0.0.1',
      noDelay: true,
      onread: {
        buffer: readBuffer,
        callback: (length) => {
          this.#take(readBuffer.toString('latin1', 0, length));
          return true;
        },
      },
    });
    this.#socket.on('connect', () => this.call());
    this.#socket.on('error', (error) => this.#fail(`connection: ${error.message}`));
    this.#socket.on('close', () => this.#fail('the connection was closed'));
  }

  /** The stream under way has begun. */
  get hasToken(): boolean {
    return this.#hasToken;
  }

  /** Sends the request; nothing of the answer before it may be missing. */
  call(): void {
    this.#pieces = [];
    this.#tail = '';
    this.#bodyStart = 0;
    this.#bytesExpected = 0;
    this.#bytesRead = 0;
    this.#hasToken = false;
    this.#startedAt = performance.now();
    this.#socket.write(this.#request);
  }

  close(): void {
    this.#isClosed = true;
    this.#socket.destroy();
  }

  #take(piece: string): void {
    this.#pieces.push(piece);
    this.#bytesRead += piece.length;
    this.#tail = piece.length >= LAST_CHUNK.length ? piece : this.#tail + piece;
    if (this.#bodyStart === 0) this.#readHead();
    if (this.#isStream && !this.#hasToken && this.#pieces.join('').includes(TOKEN)) {
      this.#hasToken = true;
      this.#events.firstToken(performance.now() - this.#startedAt);
    }
    if (this.#bodyStart > 0 && this.#isWhole()) this.#finish();
  }

  #readHead(): void {
    const text = this.#pieces.join('');
    const end = text.indexOf('\r\n\r\n');
    if (end < 0) return;
    this.#bodyStart = end + 4;
    const length = LENGTH_MARK.exec(text.slice(0, this.#bodyStart))?.[1];
    this.#bytesExpected = length === undefined ? 0 : this.#bodyStart + Number(length);
  }

  #isWhole(): boolean {
    if (this.#bytesExpected > 0) return this.#bytesRead >= this.#bytesExpected;
    return this.#tail.endsWith(LAST_CHUNK);
  }

  #finish(): void {
    const latencyMs = performance.now() - this.#startedAt;
    const text = this.#pieces.length === 1 ? (this.#pieces[0] ?? '') : this.#pieces.join('');
    const check = this.#isStream ? streamProblem : wholeProblem;
    const problem = check(text, this.#bodyStart, this.#isFirstCall);
    this.#isFirstCall = false;
    this.#hasToken = false;
    if (problem === undefined) this.#events.answered(latencyMs);
    else this.#fail(problem);
  }

  #fail(problem: string): void {
    if (this.#isClosed) return;
    this.close();
    this.#events.failed(problem);
  }
}
