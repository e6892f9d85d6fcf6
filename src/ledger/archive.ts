/**
 * Where old entries lie: `archived.json` in a ledger's folder says which spans were moved to which
 * archive, a folder with the same files at the same paths. docs/spec/ledger.md, "Archives"
 *
 *   {"spans":[{"at":"/srv/cold/ledger","from":0,"to":8192}],"v":1}
 *
 * A span is of whole files of values: 4,096 entries, or 16 bundles. Hashes are never moved, so that
 * what is read from an archive is held to them as ever. Bundles with entries that change the state
 * stay, so that a start needs no archive.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { ProvisoError } from '#base/errors.ts';
import { canonicalJson, type JsonValue, parseJson } from '#base/json.ts';
import { type Disk, nodeDisk, replaceFile } from './disk.ts';
import { corrupt } from './tiles.ts';
import { VALUES_WIDTH } from './values.ts';

/**
 * Where a log's files lie: its folder; or that and folders in which to look for archives, instead
 * of where they lay when the entries were moved.
 */
export type LogPlace = string | { readonly dir: string; readonly archives: readonly string[] };

export interface ArchivedSpan {
  /** The archive's folder at that time. */
  readonly at: string;
  readonly from: number;
  /** Not included. */
  readonly to: number;
}

const FILE = 'archived.json';

const spanEdge = z.int().min(0).multipleOf(VALUES_WIDTH);
const archivedSchema = z.strictObject({
  spans: z.array(z.strictObject({ at: z.string().min(1), from: spanEdge, to: spanEdge })),
  v: z.literal(1),
});

export function dirOf(place: LogPlace): string {
  return typeof place === 'string' ? place : place.dir;
}

/** @throws `ledger_corrupt` */
export async function archivedSpans(place: LogPlace): Promise<readonly ArchivedSpan[]> {
  const bytes = await nodeDisk.read(join(dirOf(place), FILE));
  if (!bytes) return [];
  const parsed = archivedSchema.safeParse(parsedJson(bytes));
  if (!parsed.success) throw corrupt(FILE, 'does not say which entries were moved where');
  return parsed.data.spans;
}

export async function writeArchivedSpans(
  disk: Disk,
  dir: string,
  spans: readonly ArchivedSpan[],
): Promise<void> {
  const text = canonicalJson({ spans: spans as readonly object[] as JsonValue, v: 1 });
  await replaceFile(disk, join(dir, FILE), Buffer.from(`${text}\n`));
}

/** How far the log was moved: from its beginning to before this entry. */
export function archivedEnd(spans: readonly ArchivedSpan[]): number {
  return Math.max(0, ...spans.map(({ to }) => to));
}

/** The span that an entry is in, where it was moved. */
function spanOf(spans: readonly ArchivedSpan[], entry: number): ArchivedSpan | undefined {
  return spans.find(({ from, to }) => from <= entry && entry < to);
}

/**
 * Where a file lies that is not in the ledger's folder: in an archive.
 * @param path below a ledger's folder
 * @param entry one that the file is about
 * @returns `undefined` where that entry was never moved
 * @throws `entry_archived` where the archive is not at hand
 */
export async function findArchived(
  place: LogPlace,
  path: string,
  entry: number,
): Promise<string | undefined> {
  const span = spanOf(await archivedSpans(place), entry);
  if (!span) return undefined;
  const given = typeof place === 'string' ? [] : place.archives;
  for (const archive of [...given, span.at]) {
    const found = join(archive, path);
    if (existsSync(found)) return found;
  }
  throw new ProvisoError(
    'entry_archived',
    `Entries ${span.from} to ${span.to - 1} were moved to an archive, and \`${path}\` is not at hand now.`,
    { at: path, facts: { from: span.from, to: span.to } },
  );
}

function parsedJson(bytes: Buffer): JsonValue {
  try {
    return parseJson(bytes);
  } catch {
    return null;
  }
}
