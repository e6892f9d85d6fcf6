/**
 * Which definition of each server's tools is accepted. The first one seen is pinned; another one is
 * refused until someone accepts it. INVARIANT (13): pins are folded from `tool` entries:
 *
 *   {"change":"pinned"|"changed"|"accepted","definition":"<SHA-256, hex>","server":"…","tool":"…"}
 *
 * `changed` records that a server offered something else, with the definition itself in the vault.
 */
import { ProvisoError } from '#base/errors.ts';
import type { JsonObject } from '#base/json.ts';
import type { Definition } from './definition.ts';

export interface Pin {
  readonly server: string;
  readonly tool: string;
  /** The hash that may be called. */
  readonly accepted: string;
  /** The hash that the server offers instead, where it does. */
  readonly offered?: string | undefined;
}

/** What is folded, read from the ledger or just written there. */
export interface ToolEntry {
  readonly kind: string;
  readonly public: JsonObject;
}

export class ToolPins {
  readonly #pins = new Map<string, Pin>();

  fold(entries: Iterable<ToolEntry>): this {
    for (const { kind, public: facts } of entries) if (kind === 'tool') this.#apply(facts);
    return this;
  }

  find(server: string, tool: string): Pin | undefined {
    return this.#pins.get(keyOf(server, tool));
  }

  list(): readonly Pin[] {
    return [...this.#pins.values()];
  }

  #apply(facts: JsonObject): void {
    const { change, server, tool, definition } = facts;
    if (typeof server !== 'string' || typeof tool !== 'string' || typeof definition !== 'string') {
      throw new ProvisoError('ledger_corrupt', 'A `tool` entry names no server, tool or hash.');
    }
    const before = this.find(server, tool);
    const pin =
      change === 'changed' && before
        ? { ...before, offered: definition }
        : { server, tool, accepted: definition };
    this.#pins.set(keyOf(server, tool), pin);
  }
}

export function toolPinned(server: string, definition: Definition): ReturnType<typeof entryOf> {
  return entryOf('pinned', server, definition);
}

export function toolChanged(server: string, definition: Definition): ReturnType<typeof entryOf> {
  return entryOf('changed', server, definition);
}

export function toolAccepted({ server, tool, offered, accepted }: Pin) {
  const definition = offered ?? accepted;
  return { kind: 'tool', public: { change: 'accepted', definition, server, tool } } as const;
}

function entryOf(change: 'pinned' | 'changed', server: string, { name, hash, json }: Definition) {
  return {
    kind: 'tool',
    public: { change, definition: hash, server, tool: name },
    private: { definition: json },
    vaultKey: `mcp:${server}`,
  } as const;
}

function keyOf(server: string, tool: string): string {
  return JSON.stringify([server, tool]);
}
