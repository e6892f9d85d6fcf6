/**
 * `proviso`: one module a command, loaded when it is asked for.
 *
 * Exit codes: 0 yes or done, 1 could not, 2 no, 3 wrong input. `--json` prints one JSON document.
 */
import { Command, CommanderError } from 'commander';
import { ProvisoError } from '#base/errors.ts';
import { VERSION } from '#base/version.ts';
import { EXIT } from './exit.ts';
import { Output } from './output.ts';

interface CommandModule {
  /** Adds arguments, options, help and the action. */
  readonly define: (command: Command) => void;
}

const COMMANDS: readonly (readonly [
  name: string,
  summary: string,
  load: () => Promise<CommandModule>,
])[] = [
  ['start', 'serve calls under the terms in force', () => import('./start.ts')],
  ['demo', 'show the whole job, with the vendors’ own clients', () => import('./demo.ts')],
  ['doctor', 'check an installation, and say what to do', () => import('./doctor.ts')],
  ['decide', 'explain a decision, sending and recording nothing', () => import('./decide.ts')],
  ['key', 'make, list and revoke callers’ keys', () => import('./key.ts')],
  ['hold', 'show, sign and reject what waits for people', () => import('./hold.ts')],
  ['person', 'invite people who sign and administrate', () => import('./person.ts')],
  ['token', 'tokens with which machines use the control API', () => import('./token.ts')],
  ['purpose', 'register, list and end purposes', () => import('./purpose.ts')],
  ['ledger', 'verify the ledger, and read it', () => import('./ledger.ts')],
  ['state', 'build what is built from the ledger anew', () => import('./state.ts')],
  ['witness', 'cosign the heads of logs that others keep', () => import('./witness.ts')],
  ['inquiry', 'put questions about use and their answers on record', () => import('./inquiry.ts')],
  ['erase', 'destroy the key of what is kept for someone', () => import('./erase.ts')],
  ['verify', 'check a disclosure, a proof or a checkpoint', () => import('./verify.ts')],
  ['party', 'make keys with which parties sign terms', () => import('./party.ts')],
  ['terms', 'check, prove, sign a terms pack, and bring it into force', () => import('./terms.ts')],
  ['mcp', 'MCP servers: their tools, and a way to them over stdio', () => import('./mcp.ts')],
  ['config', 'check a configuration, print its schema', () => import('./config.ts')],
];

const EPILOGUE = `
Exit codes: 0 yes or done, 1 could not, 2 no, 3 wrong input.

Begin with:
  proviso start     serves on loopback, with example terms and a sandbox for a model
  proviso demo      does everything once and shows it`;

await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<void> {
  quietWhenPipeCloses();
  const program = new Command('proviso')
    .description('Agreed terms of use for AI models: decided, enforced, recorded.')
    .version(VERSION, '-V, --version')
    .showHelpAfterError('(add --help for what there is)')
    .configureHelp({ showGlobalOptions: false })
    .addHelpText('after', EPILOGUE)
    .exitOverride();
  if (args.includes('--json')) program.configureOutput({ writeErr: () => undefined });
  const wanted = args[0] === 'help' ? args[1] : args.find((arg) => !arg.startsWith('-'));
  for (const [name, summary, load] of COMMANDS) {
    const command = program.command(name).summary(summary).description(summary);
    if (name === wanted) (await load()).define(command);
  }
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (thrown) {
    if (!(thrown instanceof CommanderError)) throw thrown;
    if (thrown.exitCode === 0) return;
    process.exitCode = EXIT.wrongInput;
    if (!args.includes('--json')) return;
    const message = thrown.message.replace(/^error: /, '');
    new Output(true).error(new ProvisoError('usage_invalid', message));
  }
}

/** `proviso ledger show | head` ends when head does, without a word. */
function quietWhenPipeCloses(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(EXIT.yes);
    throw error;
  });
}
