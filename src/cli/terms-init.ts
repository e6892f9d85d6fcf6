/** `proviso terms init`: a small pack that checks, tests and proves, to be made one's own. */
import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { ProvisoError } from '#base/errors.ts';
import { loadPack } from '#terms/pack.ts';
import { examples, type JsonOption, run, withJson } from './command.ts';
import { EXIT, type ExitCode } from './exit.ts';
import type { Output } from './output.ts';

interface InitOptions extends JsonOption {
  readonly id?: string;
}

export function defineInit(command: Command): void {
  examples(
    withJson(
      command
        .command('init')
        .argument('<dir>', 'the folder to make')
        .option('--id <id>', 'the id of the terms (the folder’s name)'),
    )
      .summary('write a new pack to begin with')
      .description(
        'Writes a terms pack with comments that say what each file is for. It checks,\n' +
          'tests and proves as it is; change one thing at a time.',
      )
      .action((dir: string, options: InitOptions) =>
        run(options, (output) => init(dir, options, output)),
      ),
    ['proviso terms init my-terms'],
  );
}

const STARTER = fileURLToPath(new URL('../terms/starter', import.meta.url));

function init(dir: string, options: InitOptions, output: Output): ExitCode {
  if (existsSync(dir) && readdirSync(dir).length > 0) {
    throw new ProvisoError('usage_invalid', `The folder \`${dir}\` is not empty.`, { at: dir });
  }
  const id = options.id ?? basename(resolve(dir)).toLowerCase();
  if (!/^[a-z0-9][a-z0-9._-]*$/.test(id)) {
    const message = `\`${id}\` is no id: lower-case letters, digits, \`-\`, \`_\` and \`.\`; give one with \`--id\`.`;
    throw new ProvisoError('usage_invalid', message, { at: '--id' });
  }
  cpSync(STARTER, dir, { recursive: true });
  const manifest = join(dir, 'terms.yaml');
  writeFileSync(manifest, readFileSync(manifest, 'utf8').replace(/^id: starter$/m, `id: ${id}`));
  const { hash, version } = loadPack(dir);
  output.result({ id, version, hash, dir }, () => {
    output.facts([
      ['terms', `${id} ${version}`],
      ['folder', dir],
    ]);
    output.print();
    output.print('Next:');
    for (const what of ['check', 'test', 'prove']) output.print(`  proviso terms ${what} ${dir}`);
    output.print(`After a change of ${join(dir, 'text.md')}: proviso terms pin ${dir}`);
  });
  return EXIT.yes;
}
