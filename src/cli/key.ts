/** `proviso key`: callers' keys. A key is shown once; the ledger has its hash. */
import { userInfo } from 'node:os';
import type { Command } from 'commander';
import { openControl } from '#admin/open.ts';
import * as keys from '#admin/operations/keys.ts';
import { claimedId, createKey, formatKeyHash } from '#caller/key.ts';
import { instantOrSpan, list, wholeNumber } from './arguments.ts';
import {
  examples,
  type InstanceOptions,
  type JsonOption,
  run,
  withInstance,
  withJson,
} from './command.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { readConfig } from './instance.ts';
import type { Output } from './output.ts';

interface CreateOptions extends InstanceOptions, JsonOption {
  readonly owner: string;
  readonly organisation: string;
  readonly teams?: readonly string[];
  readonly partner?: string;
  readonly clearance: number;
  readonly purposes?: readonly string[];
  readonly expires?: string;
  readonly offline?: boolean;
}

type CommonOptions = InstanceOptions & JsonOption;

export function define(command: Command): void {
  const create = command
    .command('create')
    .summary('make a key for a caller')
    .description('Makes a key for a caller and shows it, this once. In force at once.')
    .argument('<caller>', 'the name of the agent, service or person that will hold it')
    .option('--owner <who>', 'the person or role that answers for the caller', userInfo().username)
    .option('--organisation <name>', 'whose caller it is', 'local')
    .option('--teams <names>', 'teams it is in, with commas between', list)
    .option('--partner <name>', 'on whose behalf it acts')
    .option('--clearance <level>', 'the level of what it may see', wholeNumber(0, 1_000), 0)
    .option('--purposes <ids>', 'the only purposes it may use', list)
    .option('--expires <when>', 'a day, an instant, or a time from now such as 90d', instantOrSpan)
    .option('--offline', 'only make the key and its hash, for `callers` in proviso.yaml')
    .action((caller: string, options: CreateOptions) =>
      run(options, (output) => createFor(caller, options, output)),
    );
  examples(withJson(withInstance(create)), [
    'proviso key create my-app',
    'proviso key create records-batch --owner "head of records" --teams records --expires 90d',
    'proviso key create kiosk --offline',
  ]);

  const listing = command
    .command('list')
    .summary('show every key and who holds it')
    .description('Shows every key that was made, and who holds it; never the keys.')
    .action((options: CommonOptions) => run(options, (output) => listKeys(options, output)));
  examples(withJson(withInstance(listing)), ['proviso key list']);

  const revoke = command
    .command('revoke')
    .summary('take a key out of force')
    .description('Revokes a key, at once and for good.')
    .argument('<key>', 'its id, such as prv_3f9a1c20b7d4, or the whole key')
    .action((key: string, options: CommonOptions) =>
      run(options, (output) => revokeKey(key, options, output)),
    );
  examples(withJson(withInstance(revoke)), ['proviso key revoke prv_3f9a1c20b7d4']);
}

async function createFor(
  caller: string,
  options: CreateOptions,
  output: Output,
): Promise<ExitCode> {
  if (options.offline) return createOffline(caller, output);
  const { owner, organisation, partner, clearance, expires } = options;
  await using control = await openControl(readConfig(options));
  const { id, key } = await control.ask(keys.createKey, {
    caller,
    owner,
    organisation,
    teams: [...(options.teams ?? [])],
    clearance,
    purposes: [...(options.purposes ?? [])],
    ...(partner === undefined ? {} : { partner }),
    ...(expires === undefined ? {} : { expiresAt: expires }),
  });
  output.result({ id: `prv_${id}`, caller, key }, () => {
    output.print(key);
    output.note(
      `\nThe key of \`${caller}\`, shown this once. Give it to the client as its API key.`,
    );
  });
  return EXIT.yes;
}

function createOffline(caller: string, output: Output): ExitCode {
  const made = createKey();
  const keyHash = formatKeyHash(made);
  output.result({ id: `prv_${made.id}`, caller, key: made.key, keyHash }, () => {
    output.print(made.key);
    output.note('\nThe key, shown this once. In proviso.yaml its hash lets it in:\n');
    output.note(`callers:\n  ${caller}:\n    keyHash: ${keyHash}`);
  });
  return EXIT.yes;
}

async function listKeys(options: CommonOptions, output: Output): Promise<ExitCode> {
  await using control = await openControl(readConfig(options));
  const rows = await control.ask(keys.listKeys, {});
  output.result({ keys: rows.map((row) => ({ ...row, id: `prv_${row.id}` })) }, () => {
    if (rows.length === 0) return output.print('No keys yet. Make one: proviso key create NAME');
    output.table(['key', 'state', 'caller', 'owner', 'organisation', 'bounds'], rows.map(cells));
    return undefined;
  });
  return EXIT.yes;
}

function cells({ id, state, holder }: keys.KeyRow): string[] {
  if (!holder) return [`prv_${id}`, state, '', '', '', ''];
  const { caller, owner, organisation, partner, teams, clearance, purposes, expiresAt } = holder;
  const bounds = [
    teams.length === 0 ? '' : `teams ${teams.join(', ')}`,
    purposes.length === 0 ? '' : `purposes ${purposes.join(', ')}`,
    clearance === 0 ? '' : `clearance ${clearance}`,
    expiresAt === undefined ? '' : `until ${expiresAt}`,
  ];
  return [
    `prv_${id}`,
    state,
    caller,
    owner,
    partner === undefined ? organisation : `${organisation} for ${partner}`,
    bounds.filter((bound) => bound !== '').join('; '),
  ];
}

async function revokeKey(key: string, options: CommonOptions, output: Output): Promise<ExitCode> {
  const id = claimedId(key) ?? key.replace(/^prv_/, '');
  await using control = await openControl(readConfig(options));
  await control.ask(keys.revokeKey, { id });
  output.result({ id: `prv_${id}`, state: 'revoked' }, () =>
    output.print(`prv_${id} is revoked and opens nothing from now on.`),
  );
  return EXIT.yes;
}
