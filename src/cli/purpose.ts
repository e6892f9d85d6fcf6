/** `proviso purpose`: what models may be used for. */
import type { Command } from 'commander';
import { openControl } from '#admin/open.ts';
import * as purposes from '#admin/operations/purposes.ts';
import { instantOrSpan, list } from './arguments.ts';
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

interface AddOptions extends InstanceOptions, JsonOption {
  readonly title: string;
  readonly owner: string;
  readonly authority: string;
  readonly dataClasses?: readonly string[];
  readonly models?: readonly string[];
  readonly tools?: readonly string[];
  readonly callers?: readonly string[];
  readonly teams?: readonly string[];
  readonly allows?: readonly string[];
  readonly ends?: string;
}

interface EndOptions extends InstanceOptions, JsonOption {
  readonly at?: string;
}

type CommonOptions = InstanceOptions & JsonOption;

export function define(command: Command): void {
  const add = command
    .command('add')
    .summary('register a purpose')
    .description('Registers a purpose, or replaces the one with that id. In force at once.')
    .argument('<id>', 'the name that calls give in the header `proviso-purpose`')
    .requiredOption('--title <words>', 'what it is, in a line')
    .requiredOption('--owner <who>', 'the person or role that answers for it')
    .requiredOption('--authority <words>', 'the law, contract or order that it rests on')
    .option('--data-classes <names>', 'the kinds of data it may touch', list)
    .option('--models <patterns>', 'the only models it may use, such as gpt-*', list)
    .option('--tools <names>', 'the only tools it may use', list)
    .option('--callers <names>', 'who may use it; `*` for everyone', list)
    .option('--teams <names>', 'the teams that may use it', list)
    .option('--allows <names>', 'special permissions that the terms look at', list)
    .option('--ends <when>', 'a day, an instant, or a time from now such as 90d', instantOrSpan)
    .action((id: string, options: AddOptions) =>
      run(options, (output) => register(id, options, output)),
    );
  examples(withJson(withInstance(add)), [
    'proviso purpose add minutes --title "Summaries of minutes" --owner "head of records" \\',
    '    --authority "by-law 12" --callers records-batch --ends 2030-12-31',
  ]);

  const listing = command
    .command('list')
    .summary('show every purpose')
    .description('Shows every registered purpose.')
    .action((options: CommonOptions) => run(options, (output) => listPurposes(options, output)));
  examples(withJson(withInstance(listing)), ['proviso purpose list']);

  const end = command
    .command('end')
    .summary('end a purpose')
    .description('Ends a purpose, now or at an instant. To extend it, register it anew.')
    .argument('<id>')
    .option('--at <when>', 'a day, an instant, or a time from now such as 12h', instantOrSpan)
    .action((id: string, options: EndOptions) =>
      run(options, (output) => endPurpose(id, options, output)),
    );
  examples(withJson(withInstance(end)), ['proviso purpose end minutes']);
}

async function register(id: string, options: AddOptions, output: Output): Promise<ExitCode> {
  const { title, owner, authority, models, tools, ends } = options;
  await using control = await openControl(readConfig(options));
  await control.ask(purposes.registerPurpose, {
    id,
    title,
    owner,
    authority,
    dataClasses: [...(options.dataClasses ?? [])],
    callers: [...(options.callers ?? [])],
    teams: [...(options.teams ?? [])],
    allows: [...(options.allows ?? [])],
    ...(models === undefined ? {} : { models: [...models] }),
    ...(tools === undefined ? {} : { tools: [...tools] }),
    ...(ends === undefined ? {} : { endsAt: ends }),
  });
  output.result({ id, state: 'open' }, () => {
    output.print(`The purpose \`${id}\` is registered.`);
    if (!options.callers && !options.teams) {
      output.print(
        `Only keys bound to it (\`proviso key create NAME --purposes ${id}\`) may use it.`,
      );
    }
  });
  return EXIT.yes;
}

async function listPurposes(options: CommonOptions, output: Output): Promise<ExitCode> {
  await using control = await openControl(readConfig(options));
  const rows = await control.ask(purposes.listPurposes, {});
  output.result({ purposes: rows }, () => {
    if (rows.length === 0) output.print('No purposes yet. See: proviso purpose add --help');
    else output.table(['purpose', 'state', 'owner', 'authority', 'bounds'], rows.map(cells));
  });
  return EXIT.yes;
}

function cells(purpose: purposes.PurposeRow): string[] {
  const { id, state, owner, authority, endsAt } = purpose;
  const bounds = (['callers', 'teams', 'models', 'tools', 'dataClasses', 'allows'] as const)
    .filter((name) => (purpose[name] ?? []).length > 0)
    .map((name) => `${name} ${purpose[name]?.join(', ')}`);
  const all = endsAt === undefined ? bounds : [...bounds, `until ${endsAt}`];
  return [id, state, owner, authority, all.join('; ')];
}

async function endPurpose(id: string, options: EndOptions, output: Output): Promise<ExitCode> {
  const at = options.at ?? new Date().toISOString();
  await using control = await openControl(readConfig(options));
  await control.ask(purposes.endPurpose, { id, at });
  output.result({ id, endsAt: at }, () => output.print(`The purpose \`${id}\` ends at ${at}.`));
  return EXIT.yes;
}
