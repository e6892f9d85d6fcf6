/** `proviso config`: checks a configuration, and prints the JSON Schema that editors take. */
import { Argument, type Command } from 'commander';
import { ProvisoError } from '#base/errors.ts';
import type { Config } from '#config/config.ts';
import { configJsonSchema } from '#config/schema.ts';
import { examples, type JsonOption, run, withJson } from './command.ts';
import { EXIT } from './exit.ts';
import { readConfig } from './instance.ts';
import type { Output } from './output.ts';

export function define(command: Command): void {
  examples(
    withJson(command.command('check').summary('is it valid, and what does it put in force?'))
      .description('Reads a configuration with its secrets and says what it puts in force.')
      .addArgument(new Argument('[file]', 'the configuration').default(undefined, './proviso.yaml'))
      .action((file: string | undefined, options: JsonOption) =>
        run(options, (output) => check(file, output)),
      ),
    ['proviso config check', 'proviso config check /etc/proviso/proviso.yaml --json'],
  );
  examples(
    withJson(command.command('schema'))
      .summary('the JSON Schema of proviso.yaml')
      .description('Prints the JSON Schema of proviso.yaml, for editors.')
      .action(() =>
        run({ json: true }, (output) => {
          output.result(configJsonSchema(), () => undefined);
          return EXIT.yes;
        }),
      ),
    [
      'proviso config schema > proviso.schema.json',
      '# then, as the first line of proviso.yaml:',
      '# yaml-language-server: $schema=./proviso.schema.json',
    ],
  );
}

function check(file: string | undefined, output: Output) {
  let config: Config;
  try {
    config = readConfig(file === undefined ? {} : { config: file });
  } catch (thrown) {
    const problems = thrown instanceof ProvisoError ? thrown.facts['problems'] : undefined;
    // A file that cannot be read has no problems of its own.
    if (!Array.isArray(problems)) throw thrown;
    output.result({ valid: false, problems }, () => {
      for (const problem of problems) output.print(problem);
      output.print(output.style('bad', `not valid: ${problems.length} to mend`));
    });
    return EXIT.no;
  }
  output.result({ valid: true, ...inForce(config), warnings: config.warnings }, () =>
    describe(config, output),
  );
  return EXIT.yes;
}

function inForce(config: Config) {
  return {
    file: config.file,
    listen: config.listen,
    dataDir: config.dataDir,
    terms: config.termsDir,
    providers: config.providers.map(({ name, kind, protocol, baseUrl, models }) => ({
      name,
      kind,
      protocol,
      baseUrl,
      models,
    })),
    models: Object.fromEntries(config.models),
    callers: config.callers.map(({ id }) => id),
    purposes: config.purposes.map(({ id }) => id),
  };
}

function describe(config: Config, output: Output): void {
  output.facts([
    ['file', config.file ?? 'none: the defaults'],
    ['address', `${config.listen.host}:${config.listen.port}`],
    ['data', config.dataDir],
    ['terms', config.termsDir],
    ['callers', names(config.callers) || 'none here; see `proviso key list`'],
    ['purposes', names(config.purposes) || 'none here; see `proviso purpose list`'],
  ]);
  output.print();
  output.table(
    ['provider', 'kind', 'protocol', 'address', 'models'],
    config.providers.map(({ name, kind, protocol, baseUrl, models }) => [
      name,
      kind,
      protocol,
      kind === 'sandbox' ? 'inside Proviso' : baseUrl,
      models.join(' '),
    ]),
  );
  output.print();
  for (const warning of config.warnings) output.print(output.style('warn', `warning  ${warning}`));
  output.print(output.style('good', 'valid'));
}

function names(items: readonly { readonly id: string }[]): string {
  return items.map(({ id }) => id).join(', ');
}
