/** `proviso ledger show`: entries for a person, from the files; private values from the vault. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ProvisoError } from '#base/errors.ts';
import type { JsonObject } from '#base/json.ts';
import { type NoteVerifier, parseVerifierKey } from '#base/note.ts';
import type { Config } from '#config/config.ts';
import type { Entry } from '#ledger/entry.ts';
import { followEntries, readCheckpoint, readEntries } from '#ledger/read.ts';
import { entryDocument, entryFacts, entryLine } from './entry-words.ts';
import { EXIT, type ExitCode } from './exit.ts';
import type { Output } from './output.ts';

export interface ShownLedger {
  readonly dir: string;
  readonly log: NoteVerifier;
}

/** @param key a verifier key; without one, the key that lies in the folder is believed */
export async function shownLedger(dir: string, key: string | undefined): Promise<ShownLedger> {
  if (key !== undefined) return { dir, log: parseVerifierKey(key) };
  try {
    const text = await readFile(join(dir, 'keys', 'ledger.pub'), 'utf8');
    return { dir, log: parseVerifierKey(text.trim()) };
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause;
    throw new ProvisoError(
      'usage_invalid',
      `There is no ledger in \`${dir}\`; name its folder with \`--ledger\`, or \`--data\`.`,
      { at: dir },
    );
  }
}

/** @param count how many of the newest */
export async function showNewest(
  { dir, log }: ShownLedger,
  count: number,
  output: Output,
): Promise<ExitCode> {
  const { origin, size } = await readCheckpoint(dir, log);
  const entries: Entry[] = [];
  for await (const entry of readEntries(dir, size, Math.max(0, size - count))) entries.push(entry);
  output.result({ origin, size, entries: entries.map(entryDocument) }, () => {
    for (const entry of entries) output.print(entryLine(entry, output));
    output.print(output.style('dim', `${entries.length} of ${size} entries of ${origin}`));
  });
  return EXIT.yes;
}

/** Each entry as it is published, until Ctrl-C; with `--json` one document a line. */
export async function follow(
  { dir, log }: ShownLedger,
  count: number,
  output: Output,
): Promise<ExitCode> {
  const ending = new AbortController();
  process.once('SIGINT', () => ending.abort());
  process.once('SIGTERM', () => ending.abort());
  const { size } = await readCheckpoint(dir, log);
  for await (const entry of followEntries(dir, log, Math.max(0, size - count), ending.signal)) {
    if (output.isJson) process.stdout.write(`${JSON.stringify(entryDocument(entry))}\n`);
    else output.print(entryLine(entry, output));
  }
  return EXIT.yes;
}

/** @param vault the instance whose vault is asked for the private values; none asks for none */
export async function showOne(
  { dir, log }: ShownLedger,
  index: number,
  vault: Config | undefined,
  output: Output,
): Promise<ExitCode> {
  const { size } = await readCheckpoint(dir, log);
  const entry = await oneEntry(dir, size, index);
  const outcome = entry.kind === 'decision' ? await outcomeOf(dir, size, index) : undefined;
  const values = vault && (await privateValues(vault, index));
  const document = {
    ...entryDocument(entry),
    ...(outcome === undefined ? {} : { outcome: entryDocument(outcome) }),
    ...(values === undefined ? {} : { private: values }),
  };
  output.result(document, () => {
    output.facts(entryFacts(entry));
    if (outcome) {
      output.print();
      output.facts(entryFacts(outcome));
    }
    if (values) {
      output.print();
      output.print(JSON.stringify(values, null, 2));
    }
  });
  return EXIT.yes;
}

async function oneEntry(dir: string, size: number, index: number): Promise<Entry> {
  if (index < size) {
    for await (const entry of readEntries(dir, size, index, index + 1)) return entry;
  }
  throw new ProvisoError('not_found', `The ledger has ${size} entries, from 0 to ${size - 1}.`);
}

async function outcomeOf(dir: string, size: number, index: number): Promise<Entry | undefined> {
  for await (const entry of readEntries(dir, size, index + 1)) {
    if (entry.closes === index) return entry;
  }
  return undefined;
}

async function privateValues(config: Config, index: number): Promise<JsonObject> {
  // Loaded here alone: reading and verifying need nothing of a gateway.
  const { openControl } = await import('#admin/open.ts');
  const { readPrivate } = await import('#admin/operations/entries.ts');
  await using control = await openControl(config);
  return await control.ask(readPrivate, { index });
}
