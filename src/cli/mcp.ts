/** `proviso mcp`: tools of MCP servers behind Proviso, and a way to them for clients that speak stdio. */
import type { Command } from 'commander';
import { openControl } from '#admin/open.ts';
import { acceptTool, listTools, type PinRow, readTool } from '#admin/operations/tools.ts';
import { ProvisoError } from '#base/errors.ts';
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

type CommonOptions = InstanceOptions & JsonOption;

interface AcceptOptions extends CommonOptions {
  readonly definition: string;
}

interface ConnectOptions extends InstanceOptions {
  readonly url?: string;
}

export function define(command: Command): void {
  const listing = command
    .command('list')
    .summary('show every tool that was ever offered')
    .description('Shows each server’s tools, and whether a definition has changed since.')
    .action((options: CommonOptions) => run(options, (output) => list(options, output)));
  examples(withJson(withInstance(listing)), ['proviso mcp list']);

  const showing = command
    .command('show')
    .summary('show what a tool’s server says of it')
    .description(
      'Shows the accepted definition of a tool and, where its server offers another one by now,\n' +
        'that one too. Exits with 2 where they differ.',
    )
    .argument('<server>', 'its name in proviso.yaml')
    .argument('<tool>')
    .action((server: string, tool: string, options: CommonOptions) =>
      run(options, (output) => show(server, tool, options, output)),
    );
  examples(withJson(withInstance(showing)), ['proviso mcp show files read_file']);

  const accepting = command
    .command('accept')
    .summary('let a changed definition be called')
    .description('Accepts the definition that a server offers now. Look at it first: mcp show.')
    .argument('<server>', 'its name in proviso.yaml')
    .argument('<tool>')
    .requiredOption('--definition <sha256>', 'the definition that you looked at, as `show` has it')
    .action((server: string, tool: string, options: AcceptOptions) =>
      run(options, (output) => accept(server, tool, options, output)),
    );
  examples(withJson(withInstance(accepting)), [
    'proviso mcp accept files read_file --definition 3f9a…',
  ]);

  const connecting = command
    .command('connect')
    .summary('a server behind Proviso, for a client that speaks stdio')
    .description(
      'Carries MCP between standard input and output and a running gateway. The caller’s key is\n' +
        'taken from the environment variable PROVISO_KEY, the purpose from PROVISO_PURPOSE.',
    )
    .argument('<server>', 'its name in proviso.yaml')
    .option('--url <address>', 'of the gateway (as proviso.yaml says)')
    .action((server: string, options: ConnectOptions) =>
      run({}, (output) => connect(server, options, output)),
    );
  examples(withInstance(connecting), [
    'PROVISO_KEY=prv_… proviso mcp connect files',
    'PROVISO_KEY=prv_… proviso mcp connect files --url https://proviso.example',
  ]);
}

async function list(options: CommonOptions, output: Output): Promise<ExitCode> {
  await using control = await openControl(readConfig(options));
  const tools = await control.ask(listTools, {});
  output.result({ tools }, () => {
    if (tools.length === 0) return output.print('No MCP server has offered a tool yet.');
    output.table(['server', 'tool', 'definition', 'state'], tools.map(cells));
    return undefined;
  });
  return EXIT.yes;
}

function cells({ server, tool, accepted, offered }: PinRow): string[] {
  return [
    server,
    tool,
    accepted.slice(0, 16),
    offered === undefined ? 'accepted' : `refused: now ${offered.slice(0, 16)}`,
  ];
}

async function show(
  server: string,
  tool: string,
  options: CommonOptions,
  output: Output,
): Promise<ExitCode> {
  await using control = await openControl(readConfig(options));
  const found = await control.ask(readTool, { server, tool });
  const { pin, accepted, offered } = found;
  output.result(found, () => {
    output.print(output.style('strong', `accepted  ${pin.accepted}`));
    output.print(JSON.stringify(accepted, null, 2));
    if (pin.offered === undefined) return;
    output.print();
    output.print(output.style('bad', `offered   ${pin.offered}`));
    output.print(JSON.stringify(offered, null, 2));
    output.note(`\nTo accept it: proviso mcp accept ${server} ${tool} --definition ${pin.offered}`);
  });
  return pin.offered === undefined ? EXIT.yes : EXIT.no;
}

async function accept(
  server: string,
  tool: string,
  options: AcceptOptions,
  output: Output,
): Promise<ExitCode> {
  const { definition } = options;
  await using control = await openControl(readConfig(options));
  await control.ask(acceptTool, { server, tool, definition });
  output.result({ server, tool, definition, state: 'accepted' }, () =>
    output.print(`\`${tool}\` of \`${server}\` may be called as ${definition} defines it.`),
  );
  return EXIT.yes;
}

async function connect(server: string, options: ConnectOptions, output: Output): Promise<ExitCode> {
  const key = process.env['PROVISO_KEY'];
  if (!key) throw new ProvisoError('usage_invalid', 'Set PROVISO_KEY to the caller’s key.');
  const purpose = process.env['PROVISO_PURPOSE'];
  const { host, port } = readConfig(options).listen;
  const { carryStdio } = await import('#mcp/stdio.ts');
  await carryStdio(
    new URL(`/mcp/${server}`, options.url ?? `http://${host}:${port}`),
    {
      authorization: `Bearer ${key}`,
      ...(purpose === undefined ? {} : { 'proviso-purpose': purpose }),
    },
    (message) => output.note(message),
  );
  return EXIT.yes;
}
