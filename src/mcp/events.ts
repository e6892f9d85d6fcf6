/**
 * What was sent to a client and may be asked for again: a client whose stream broke off, while a
 * call waited for a signature say, comes back with the id of the last event that it saw.
 */
import type { EventStore } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import type { JSONRPCMessage } from '@modelcontextprotocol/sdk/types.js';

export class RecentEvents implements EventStore {
  readonly #events: { readonly stream: string; readonly message: JSONRPCMessage }[] = [];
  readonly #countMax: number;
  /** Number of the first event that is still here. */
  #first = 0;

  constructor(countMax: number) {
    this.#countMax = countMax;
  }

  async storeEvent(stream: string, message: JSONRPCMessage): Promise<string> {
    this.#events.push({ stream, message });
    if (this.#events.length > this.#countMax) {
      this.#events.shift();
      this.#first++;
    }
    return String(this.#first + this.#events.length - 1);
  }

  async getStreamIdForEventId(id: string): Promise<string | undefined> {
    return this.#events[Number(id) - this.#first]?.stream;
  }

  async replayEventsAfter(
    lastId: string,
    { send }: { send: (id: string, message: JSONRPCMessage) => Promise<void> },
  ): Promise<string> {
    const last = Number(lastId);
    const stream = this.#events[last - this.#first]?.stream ?? '';
    for (let i = last + 1 - this.#first; i < this.#events.length; i++) {
      const event = this.#events[i];
      if (event?.stream === stream) await send(String(this.#first + i), event.message);
    }
    return stream;
  }
}
