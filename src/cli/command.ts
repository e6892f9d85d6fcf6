/** What the commands have in common: options, and how their work ends. */
import type { Command } from 'commander';
import { EXIT, type ExitCode, exitCodeOf, explained } from './exit.ts';
import { Output } from './output.ts';

export interface JsonOption {
  readonly json?: boolean;
}

/** Options that say which gateway is meant. */
export interface InstanceOptions {
  readonly config?: string;
  readonly data?: string;
}

export function withJson(command: Command): Command {
  return command.option('--json', 'print one JSON document');
}

export function withInstance(command: Command): Command {
  return command
    .option('-c, --config <file>', 'the configuration (./proviso.yaml where it exists)')
    .option('-d, --data <folder>', 'the data folder, whatever the configuration says');
}

export function examples(command: Command, lines: readonly string[]): Command {
  return command.addHelpText(
    'after',
    `\nExamples:\n${lines.map((line) => `  ${line}`).join('\n')}`,
  );
}

/** Runs a command's work; its end, good or bad, becomes the exit code. */
export async function run(
  options: JsonOption,
  work: (output: Output) => ExitCode | Promise<ExitCode>,
): Promise<void> {
  const output = new Output(options.json === true);
  try {
    process.exitCode = await work(output);
  } catch (thrown) {
    const error = explained(thrown);
    output.error(error);
    process.exitCode = exitCodeOf(error);
  }
}

export function fromValidity(isValid: boolean): ExitCode {
  return isValid ? EXIT.yes : EXIT.no;
}
