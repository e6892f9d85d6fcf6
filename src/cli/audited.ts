/** Which ledger an audit is about: a folder, or an instance's; with its archives, packs and keys. */
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Command } from 'commander';
import type { NoteVerifier } from '#base/note.ts';
import type { Config } from '#config/config.ts';
import { configuredMasterKey } from '#gateway/master-key.ts';
import type { LogPlace } from '#ledger/archive.ts';
import { nodeDisk } from '#ledger/disk.ts';
import { loadMasterKey } from '#ledger/keys.ts';
import type { Unread } from '#ledger/pairing.ts';
import { readCheckpoint } from '#ledger/read.ts';
import { list } from './arguments.ts';
import { type InstanceOptions, withInstance, withJson } from './command.ts';
import { readConfig } from './instance.ts';
import { shownLedger } from './ledger-show.ts';
import type { Output } from './output.ts';

export interface AuditedOptions extends InstanceOptions {
  readonly archive?: readonly string[];
  readonly key?: string;
}

export interface Audited {
  readonly place: LogPlace;
  readonly log: NoteVerifier;
  /** Beside the ledger: the packs that were in force. */
  readonly dataDir: string;
  /** Of the instance, where it was not only a folder that was named. */
  readonly config: Config | undefined;
}

export function withAudited(command: Command): Command {
  return withJson(withInstance(command))
    .argument(
      '[folder]',
      'a ledger’s folder or the data folder around it, instead of an instance’s',
    )
    .option('--archive <folder>', 'where old entries lie that were moved there', list)
    .option('--key <vkey>', 'the verifier key, instead of the one that lies in the folder');
}

/** @throws ProvisoError `usage_invalid` where there is no ledger */
export async function auditedLedger(
  folder: string | undefined,
  options: AuditedOptions,
): Promise<Audited> {
  // Beside a folder that is named only a configuration that is named too: it has the vault's key.
  const isInstance = folder === undefined || options.config !== undefined;
  const config = isInstance ? readConfig(options) : undefined;
  const { dir, dataDir } =
    folder === undefined && config
      ? { dir: config.ledger.dir, dataDir: config.dataDir }
      : foldersIn(folder ?? '.');
  const { log } = await shownLedger(dir, options.key);
  const archives = (options.archive ?? []).map((archive) => resolve(archive));
  return { place: archives.length === 0 ? dir : { dir, archives }, log, dataDir, config };
}

/** The key to the vault. @throws ProvisoError `ledger_corrupt` where it is missing */
export async function masterKeyOf({ place, log, config }: Audited): Promise<Uint8Array> {
  const configured = config && (await configuredMasterKey(config));
  if (configured) return configured;
  // A folder without a checkpoint has no vault to open, and none is to be made.
  await readCheckpoint(place, log);
  return loadMasterKey(nodeDisk, typeof place === 'string' ? place : place.dir);
}

function foldersIn(folder: string) {
  const given = resolve(folder);
  const inner = join(given, 'ledger');
  const isAround = !existsSync(join(given, 'checkpoint')) && existsSync(join(inner, 'checkpoint'));
  return isAround ? { dir: inner, dataDir: given } : { dir: given, dataDir: dirname(given) };
}

/** Entries that nothing is said about, because they lie in an archive. */
export function describeElsewhere(spans: readonly Unread[], output: Output): void {
  for (const { from, to } of spans) {
    const words = `entries ${from} to ${to - 1} lie in an archive that is not at hand; name it with --archive`;
    output.print(output.style('warn', words));
  }
}
