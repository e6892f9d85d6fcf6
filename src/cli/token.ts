/** `proviso token`: tokens with which machines use the control API. */
import type { Command } from 'commander';
import { openControl } from '#admin/open.ts';
import * as tokens from '#admin/operations/tokens.ts';
import { BUILT_IN_ROLES, type BuiltInRole } from '#people/person.ts';
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

interface CreateOptions extends InstanceOptions, JsonOption {
  readonly roles: readonly string[];
  readonly expires: string;
}

type CommonOptions = InstanceOptions & JsonOption;

export function define(command: Command): void {
  const create = command
    .command('create')
    .summary('make a token for a machine')
    .description('Makes a token for the control API and shows it, this once. In force at once.')
    .argument('<name>', 'what it is for')
    .requiredOption('--roles <names>', `any of ${BUILT_IN_ROLES.join(', ')}`, list)
    .option(
      '--expires <when>',
      'a day, an instant, or a time from now; at most a year (90d unless given)',
      instantOrSpan,
      instantOrSpan('90d'),
    )
    .action((name: string, options: CreateOptions) =>
      run(options, (output) => createToken(name, options, output)),
    );
  examples(withJson(withInstance(create)), [
    'proviso token create "nightly audit" --roles auditor --expires 30d',
  ]);

  const listing = command
    .command('list')
    .summary('show every token')
    .description('Shows every token that was made; never the tokens.')
    .action((options: CommonOptions) => run(options, (output) => listTokens(options, output)));
  examples(withJson(withInstance(listing)), ['proviso token list']);

  const revoke = command
    .command('revoke')
    .summary('take a token out of force')
    .description('Revokes a token, at once and for good.')
    .argument('<token>', 'its id, such as prt_3f9a1c20b7d4, or the whole token')
    .action((token: string, options: CommonOptions) =>
      run(options, (output) => revokeToken(token, options, output)),
    );
  examples(withJson(withInstance(revoke)), ['proviso token revoke prt_3f9a1c20b7d4']);
}

async function createToken(
  name: string,
  { roles, expires, ...options }: CreateOptions,
  output: Output,
): Promise<ExitCode> {
  await using control = await openControl(readConfig(options));
  const { id, token } = await control.ask(tokens.createToken, {
    name,
    // One that is no role is refused where it is checked, by name.
    roles: roles as BuiltInRole[],
    expiresAt: expires,
  });
  output.result({ id: `prt_${id}`, name, token, expiresAt: expires }, () => {
    output.print(token);
    output.note(`\nThe token \`${name}\`, shown this once. A machine sends it as`);
    output.note(`  authorization: Bearer ${token.slice(0, 16)}…`);
  });
  return EXIT.yes;
}

async function listTokens(options: CommonOptions, output: Output): Promise<ExitCode> {
  await using control = await openControl(readConfig(options));
  const rows = await control.ask(tokens.listTokens, {});
  output.result({ tokens: rows.map((row) => ({ ...row, id: `prt_${row.id}` })) }, () => {
    if (rows.length === 0) return output.print('No tokens. See: proviso token create --help');
    output.table(
      ['token', 'state', 'for', 'roles', 'until', 'made by'],
      rows.map(({ id, state, name, roles, expiresAt, by }) => [
        `prt_${id}`,
        state,
        name,
        roles.join(', '),
        expiresAt,
        by,
      ]),
    );
    return undefined;
  });
  return EXIT.yes;
}

async function revokeToken(
  token: string,
  options: CommonOptions,
  output: Output,
): Promise<ExitCode> {
  const id = token.replace(/^prt_/, '').slice(0, 12);
  await using control = await openControl(readConfig(options));
  await control.ask(tokens.revokeToken, { id });
  output.result({ id: `prt_${id}`, state: 'revoked' }, () =>
    output.print(`The token \`prt_${id}\` is revoked.`),
  );
  return EXIT.yes;
}
