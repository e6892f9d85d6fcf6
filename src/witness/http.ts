/** HTTP to witnesses and logs: whole answers, each with a limit on its bytes and its time. */
import { Agent, request } from 'undici';
import { ProvisoError } from '#base/errors.ts';

const CONNECTIONS_MAX = 8;

export interface HttpAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: Buffer;
}

export interface HttpRequest {
  readonly url: string;
  /** Posted; without it the request is a GET. */
  readonly body?: Uint8Array;
  readonly answerBytesMax: number;
  readonly signal: AbortSignal;
}

/** Kept-alive connections; redirects are answers like any other. */
export class Http {
  readonly #agent = new Agent({ connections: CONNECTIONS_MAX });

  /** @throws `log_unreachable` where no whole answer came */
  async ask({ url, body, answerBytesMax, signal }: HttpRequest): Promise<HttpAnswer> {
    try {
      const answer = await request(url, {
        dispatcher: this.#agent,
        method: body ? 'POST' : 'GET',
        headers: body ? { 'content-type': 'text/plain; charset=utf-8' } : {},
        body: body ?? null,
        signal,
      });
      const chunks: Buffer[] = [];
      let length = 0;
      for await (const chunk of answer.body as AsyncIterable<Buffer>) {
        length += chunk.length;
        if (length > answerBytesMax) throw new Error(`over ${answerBytesMax} bytes`);
        chunks.push(chunk);
      }
      const type = answer.headers['content-type'];
      return {
        status: answer.statusCode,
        contentType: (Array.isArray(type) ? type[0] : type) ?? '',
        body: Buffer.concat(chunks),
      };
    } catch (cause) {
      const reason = reasonOf(cause, signal);
      throw new ProvisoError('log_unreachable', `\`${url}\` cannot be read: ${reason}.`, { cause });
    }
  }

  /** Ends what is under way. */
  close(): Promise<void> {
    return this.#agent.destroy();
  }
}

/** An address with a path below it. */
export function below(url: string, path: string): string {
  return `${url.replace(/\/+$/, '')}/${path}`;
}

function reasonOf(thrown: unknown, signal: AbortSignal): string {
  if (signal.aborted) return 'no answer in time';
  const { code, message } = thrown as NodeJS.ErrnoException;
  return code ?? message;
}
