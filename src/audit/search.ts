/**
 * `proviso ledger search`: entries by who called, what for, and what was decided. The index only
 * says where to look: each entry that is found is held to the log, its private values to their
 * commitments, and both to the question, before it is shown. That nothing is left out is not proven
 * by a search, but by a complete disclosure.
 */
import { join } from 'node:path';
import { onAllCores } from '#base/cores.ts';
import { ProvisoError } from '#base/errors.ts';
import type { JsonObject } from '#base/json.ts';
import type { NoteVerifier } from '#base/note.ts';
import { dirOf, findArchived, type LogPlace } from '#ledger/archive.ts';
import type { Checkpoint } from '#ledger/checkpoint.ts';
import type { Entry } from '#ledger/entry.ts';
import { joined, type Unread } from '#ledger/pairing.ts';
import { rootAt, tilesIn } from '#ledger/prove.ts';
import { readCheckpoint } from '#ledger/read.ts';
import { corrupt, TILE_WIDTH, tilePath } from '#ledger/tiles.ts';
import { hashToBase64 } from '#ledger/tree.ts';
import { VALUES_WIDTH, valuesFileOf } from '#ledger/values.ts';
import type { Progress } from '#ledger/verify.ts';
import { CheckedEntries } from './checked-entries.ts';
import { type IndexedLog, SearchIndex } from './search-index.ts';
import type { TaggedRange, TagsTask } from './search-range.ts';
import { callerOf, publicTags, TAG_NAMES, type TagName, tag } from './search-tags.ts';
import { type Values, ValuesReader, valuesOf } from './values.ts';

export interface SearchSource {
  readonly place: LogPlace;
  readonly log: NoteVerifier;
  /** Absent where there is no vault: then nothing is found by its caller. */
  readonly masterKey?: Uint8Array | undefined;
}

/** All that is given must match; an entry's outcome counts as part of it. */
export type SearchQuery = Readonly<Partial<Record<TagName, string>>> & {
  /** Milliseconds since 1970: not before, and before. */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  /** Only entries before this one: to go on where a search ended. */
  readonly before?: number | undefined;
  /** How many at most. */
  readonly limit: number;
};

/** An entry that was found, and is what the log has. */
export interface FoundEntry {
  readonly entry: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly kind: string;
  readonly public: JsonObject;
  /** Who called; absent where it was erased, is not said, or the vault was not read. */
  readonly caller?: string | undefined;
  /** Of a decision, once there is one. */
  readonly outcome?: { readonly entry: number; readonly public: JsonObject } | undefined;
}

/** An entry that would match, and lies in an archive that is not at hand. */
export interface ElsewhereEntry {
  readonly entry: number;
  readonly elsewhere: string;
}

export interface SearchResult {
  readonly origin: string;
  /** Entries that were searched. */
  readonly size: number;
  /** Newest first. */
  readonly entries: readonly (FoundEntry | ElsewhereEntry)[];
  /** There are more, before the last one shown. */
  readonly hasMore: boolean;
  /** Entries that were never searched: they lie in an archive that is not at hand. */
  readonly elsewhere: readonly Unread[];
}

const FILE = 'search.sqlite';
const MODULE = new URL('./search-range.ts', import.meta.url);
/** Ranges that become durable together: 65,536 entries. */
const RANGES_AT_ONCE = 16;

/** @throws ProvisoError `ledger_corrupt`, `note_invalid`; `vault_unreadable` */
export async function search(
  source: SearchSource,
  query: SearchQuery,
  onProgress: Progress = () => undefined,
): Promise<SearchResult> {
  const checkpoint = await readCheckpoint(source.place, source.log);
  const path = searchIndexPath(source.place);
  for (const isRebuilt of [false, true]) {
    const index = await openIndex(source, checkpoint, path);
    try {
      await fillIndex(index, source, checkpoint, onProgress);
      return await find(index, source, checkpoint, query);
    } catch (error) {
      const isIndexes = error instanceof Misleading || SearchIndex.isFailure(error);
      if (!isIndexes || isRebuilt) throw error;
    } finally {
      index.close();
    }
    // What it says is not what the log says. It can be had anew.
    SearchIndex.remove(path);
  }
  throw corrupt(FILE, 'was built from the log and does not agree with it');
}

/** The next search builds it anew. */
export function removeSearchIndex(place: LogPlace): void {
  SearchIndex.remove(searchIndexPath(place));
}

export function searchIndexPath(place: LogPlace): string {
  return join(dirOf(place), FILE);
}

/** An index of another log, or of one that this is not the continuation of, is put aside. */
async function openIndex(
  { place, masterKey }: SearchSource,
  checkpoint: Checkpoint,
  path: string,
): Promise<SearchIndex> {
  const index = SearchIndex.open(path);
  const { log } = index;
  const hasCallers = masterKey !== undefined;
  const isUsable =
    !log || (log.hasCallers === hasCallers && (await isPrefix(log, dirOf(place), checkpoint)));
  if (isUsable) return index;
  index.close();
  SearchIndex.remove(path);
  return SearchIndex.open(path);
}

/** Whether the log is the one that was indexed, or its continuation. */
export async function isPrefix(
  { origin, size, root }: IndexedLog,
  dir: string,
  checkpoint: Checkpoint,
): Promise<boolean> {
  if (origin !== checkpoint.origin || size > checkpoint.size) return false;
  return root === hashToBase64(await rootAt(tilesIn(dir, checkpoint.size), size));
}

/** Adds what the log has past what the index has. */
export async function fillIndex(
  index: SearchIndex,
  { place, masterKey }: SearchSource,
  { origin, size }: Checkpoint,
  onProgress: Progress,
): Promise<void> {
  const start = index.log?.size ?? 0;
  // What was in an archive may be at hand now.
  const spans: Unread[] = [];
  for (const part of index.parts()) if (await isAtHand(place, part.from)) spans.push(part);
  for (let from = start; from < size; ) {
    const to = Math.min(size, (valuesFileOf(from) + 1) * VALUES_WIDTH);
    spans.push({ from, to });
    from = to;
  }
  const tasks = spans.map((span): TagsTask => ({ place, masterKey, size, ...span }));
  let ranges: TaggedRange[] = [];
  let done = 0;
  for await (const range of onAllCores<TagsTask, TaggedRange>(MODULE, tasks)) {
    ranges.push(range);
    done++;
    if (ranges.length < RANGES_AT_ONCE && done < tasks.length) continue;
    const filled = Math.max(start, range.to);
    const root = hashToBase64(await rootAt(tilesIn(dirOf(place), size), filled));
    index.add(ranges, { origin, hasCallers: masterKey !== undefined, size: filled, root });
    ranges = [];
    onProgress(done, tasks.length);
  }
}

function isAtHand(place: LogPlace, entry: number): Promise<boolean> {
  const path = tilePath('entries', Math.floor(entry / TILE_WIDTH));
  return findArchived(place, path, entry).then(
    () => true,
    () => false,
  );
}

/** The index named an entry that does not answer the question. */
class Misleading extends Error {}

async function find(
  index: SearchIndex,
  source: SearchSource,
  checkpoint: Checkpoint,
  query: SearchQuery,
): Promise<SearchResult> {
  const { origin, size } = checkpoint;
  const { from = 0, to = Infinity, before = size, limit } = query;
  const reader = new FoundReader(index, source, checkpoint);
  const groups = await reader.groupsOf(query);
  const entries: (FoundEntry | ElsewhereEntry)[] = [];
  const elsewhere = joined(index.parts());
  for (const entry of index.entries(groups, 0, Math.min(before, size))) {
    const found = await reader.read(entry, query);
    if ('at' in found) {
      if (found.at >= to) continue;
      // The time of entries never runs back, and this goes from the newest on.
      if (found.at < from) break;
    }
    if (entries.length === limit) return { origin, size, entries, hasMore: true, elsewhere };
    entries.push(found);
  }
  return { origin, size, entries, hasMore: false, elsewhere };
}

class FoundReader {
  readonly #index: SearchIndex;
  readonly #entries: CheckedEntries;
  readonly #size: number;
  readonly #values: ValuesReader | undefined;
  #file: { readonly n: number; readonly values: Values } | undefined;

  constructor(index: SearchIndex, { place, masterKey }: SearchSource, checkpoint: Checkpoint) {
    this.#index = index;
    this.#entries = new CheckedEntries(place, checkpoint);
    this.#size = checkpoint.size;
    this.#values = masterKey && new ValuesReader(place, masterKey);
  }

  /** The words to look for: of each group one. */
  async groupsOf(query: SearchQuery): Promise<string[][]> {
    const groups: string[][] = [];
    for (const name of TAG_NAMES) {
      const value = query[name];
      if (value === undefined) continue;
      if (name !== 'caller') groups.push([tag(name, value)]);
      else groups.push((await this.#tokensOf(value)).map((token) => tag('caller', token)));
    }
    return groups.length > 0 ? groups : [this.#index.wordsOf('kind:')];
  }

  async read(index: number, query: SearchQuery): Promise<FoundEntry | ElsewhereEntry> {
    try {
      return await this.#found(index, query);
    } catch (error) {
      if (!(error instanceof ProvisoError) || error.code !== 'entry_archived') throw error;
      return { entry: index, elsewhere: error.publicMessage };
    }
  }

  async #found(index: number, query: SearchQuery): Promise<FoundEntry> {
    const entry = await this.#entries.read(index);
    const outcome = await this.#outcomeOf(index);
    const caller = await this.#callerOf(entry);
    const tags = new Set([...publicTags(entry), ...(outcome ? publicTags(outcome) : [])]);
    if (caller !== undefined) tags.add(tag('caller', caller));
    for (const name of TAG_NAMES) {
      const value = query[name];
      if (value !== undefined && !tags.has(tag(name, value))) throw new Misleading();
    }
    const { at, kind, public: facts } = entry;
    return {
      entry: index,
      at,
      kind,
      public: facts,
      caller,
      outcome: outcome && { entry: outcome.index, public: outcome.public },
    };
  }

  async #outcomeOf(index: number): Promise<Entry | undefined> {
    const number = this.#index.outcomeOf(index);
    if (number === undefined) return undefined;
    if (number >= this.#size) throw new Misleading();
    const outcome = await this.#entries.read(number);
    if (outcome.closes !== index) throw new Misleading();
    return outcome;
  }

  async #callerOf(entry: Entry): Promise<string | undefined> {
    if (!this.#values || (entry.kind !== 'decision' && entry.kind !== 'key')) return undefined;
    const n = valuesFileOf(entry.index);
    if (this.#file?.n !== n) this.#file = { n, values: await this.#values.fileOrPart(n) };
    return callerOf(valuesOf(entry, this.#file.values).byName.get('caller'));
  }

  /** One for each key that the vault has, since a caller's name may be sealed with any of them. */
  async #tokensOf(caller: string): Promise<string[]> {
    if (!this.#values) {
      throw new ProvisoError(
        'vault_unreadable',
        'Who called is private, and this ledger has no vault here: it cannot be searched by caller.',
      );
    }
    return this.#values.tokensOf(caller);
  }
}
