/** Entries of the ledger: found, each with all that a browser needs to check it, and disclosed. */
import { z } from 'zod';
import { ProvisoError } from '#base/errors.ts';
import type { JsonObject } from '#base/json.ts';
import { openCheckpoint } from '#ledger/checkpoint.ts';
import { decodeEntry, type Entry } from '#ledger/entry.ts';
import type { Ledger } from '#ledger/ledger.ts';
import { encodeTlogProof, proveInclusion } from '#ledger/prove.ts';
import { readBundle, readEntries } from '#ledger/read.ts';
import { TILE_WIDTH } from '#ledger/tiles.ts';
import { operation, shapes } from '../operation.ts';

/** How many entries one search looks at before it answers with what it has. */
const LOOKED_AT_MAX = 50 * TILE_WIDTH;
/** How far after an entry those that belong to it are looked for. */
const RELATED_WITHIN = 8 * TILE_WIDTH;

const index = z.coerce.number<string | number>().int().min(0);

export const entryRow = z.strictObject({
  index: z.int(),
  at: shapes.instant,
  kind: z.string(),
  closes: z.int().optional().describe('Of an outcome: its decision.'),
  public: z.custom<JsonObject>().describe('What stands in clear.'),
});
export type EntryRow = z.infer<typeof entryRow>;

/** What entries are chosen by, wherever they are listed. */
export const entryFilter = z.strictObject({
  kind: shapes.word.optional().describe('`decision`, `outcome`, `terms`, `person`, …'),
  effect: z.enum(['permit', 'deny', 'hold']).optional(),
  action: shapes.word.optional().describe('Of a decision: `generate`, `tool_call`, …'),
  purpose: shapes.word.optional(),
  rule: shapes.word.optional().describe('One of the rules that determined the decision.'),
  code: shapes.word.optional().describe('A code of docs/errors.md.'),
});

export const listEntries = operation({
  method: 'GET',
  path: '/v1/entries',
  summary: 'Entries by what stands in clear in them, the newest first.',
  access: ['administrator', 'overseer', 'auditor'],
  input: entryFilter.extend({
    before: index.optional().describe('Only entries before this one; `next` of the last answer.'),
    limit: z.coerce.number<string | number>().int().min(1).max(200).default(50),
  }),
  result: z.strictObject({
    size: z.int().describe('Entries that are published.'),
    entries: z.array(entryRow),
    next: z.int().optional().describe('Where to look on; absent at the beginning of the log.'),
  }),
  async run({ state: { ledger } }, { before, limit, ...filter }) {
    await ledger.flush();
    const size = publishedSize(ledger);
    const entries: EntryRow[] = [];
    let end = Math.min(before ?? size, size);
    const endMin = Math.max(0, end - LOOKED_AT_MAX);
    while (end > endMin && entries.length < limit) {
      const from = Math.max(endMin, Math.floor((end - 1) / TILE_WIDTH) * TILE_WIDTH);
      const found = await Array.fromAsync(readEntries(ledger.dir, size, from, end));
      for (const entry of found.reverse()) {
        end = entry.index;
        if (fits(entry, filter)) entries.push(rowOf(entry));
        if (entries.length === limit) break;
      }
    }
    return { size, entries, ...(end > 0 ? { next: end } : {}) };
  },
});

export const getEntry = operation({
  method: 'GET',
  path: '/v1/entries/:index',
  summary: 'An entry with its inclusion proof and the signed head that it leads to.',
  access: ['administrator', 'overseer', 'auditor'],
  input: z.strictObject({ index }),
  result: z.strictObject({
    entry: entryRow,
    text: z.string().describe('The entry’s bytes, UTF-8: SHA-256 of 00 and these is its leaf.'),
    proof: z.string().describe('https://c2sp.org/tlog-proof; holds the checkpoint.'),
    verifierKey: z.string().describe('Of the ledger, as this gateway says; compare it elsewhere.'),
    related: z
      .array(entryRow)
      .describe('Its decision or outcome, the call it belongs to, and the tool calls of it.'),
  }),
  async run({ state: { ledger } }, { index: wanted }) {
    await ledger.flush();
    const { dir, checkpoint, verifierKey } = ledger;
    const size = publishedSize(ledger);
    if (wanted >= size) throw new ProvisoError('not_found', `The ledger has no entry ${wanted}.`);
    const bundle = await readBundle(dir, size, Math.floor(wanted / TILE_WIDTH));
    const bytes = bundle[wanted % TILE_WIDTH] as Buffer;
    const entry = decodeEntry(bytes, wanted);
    const proof = await proveInclusion(dir, size, wanted);
    return {
      entry: rowOf(entry),
      text: bytes.toString(),
      proof: encodeTlogProof({ index: wanted, proof, checkpoint }),
      verifierKey,
      related: await relatedTo(entry, ledger, size),
    };
  },
});

export const readPrivate = operation({
  method: 'GET',
  path: '/v1/entries/:index/private',
  summary: 'The private values of a ledger entry, by name, from the vault.',
  access: ['auditor'],
  input: z.strictObject({ index }),
  result: z.custom<JsonObject>(),
  async run({ state: { ledger } }, { index: wanted }) {
    return ledger.readPrivate(await ledger.readEntry(wanted));
  },
});

export function rowOf({ index: number, at, kind, closes, public: facts }: Entry): EntryRow {
  return {
    index: number,
    at: new Date(at).toISOString(),
    kind,
    ...(closes === undefined ? {} : { closes }),
    public: facts,
  };
}

export function fits(
  { kind, public: facts }: Entry,
  { rule, kind: wantedKind, ...wanted }: z.infer<typeof entryFilter>,
): boolean {
  if (wantedKind !== undefined && kind !== wantedKind) return false;
  const { rules } = facts;
  if (rule !== undefined && !(Array.isArray(rules) && rules.includes(rule))) return false;
  return Object.entries(wanted).every(
    ([name, value]) => value === undefined || facts[name] === value,
  );
}

async function relatedTo(entry: Entry, { dir }: Ledger, size: number): Promise<EntryRow[]> {
  const { parent } = entry.public;
  const related: EntryRow[] = [];
  for (const earlier of [parent, entry.closes]) {
    if (typeof earlier !== 'number') continue;
    for await (const found of readEntries(dir, size, earlier, earlier + 1)) {
      related.push(rowOf(found));
    }
  }
  if (entry.kind !== 'decision') return related;
  const end = Math.min(size, entry.index + RELATED_WITHIN);
  for await (const found of readEntries(dir, size, entry.index + 1, end)) {
    if (found.closes === entry.index || found.public['parent'] === entry.index) {
      related.push(rowOf(found));
    }
  }
  return related;
}

function publishedSize({ checkpoint, verifiers }: Ledger): number {
  return openCheckpoint(Buffer.from(checkpoint), verifiers[0]).size;
}
