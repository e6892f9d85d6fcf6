/** `proviso party`: the keys with which parties sign terms. */
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { ProvisoError } from '#base/errors.ts';
import { makeSignerKey, type NoteSigner, parseSignerKey } from '#base/note.ts';
import { examples, type JsonOption, run, withJson } from './command.ts';
import { EXIT, type ExitCode } from './exit.ts';
import type { Output } from './output.ts';

interface CreateOptions extends JsonOption {
  readonly out: string;
}

export function define(command: Command): void {
  const key = command
    .command('key')
    .summary('make and show keys of parties')
    .description('Keys with which a party signs terms: the secret half stays with the party.');
  examples(
    withJson(key.command('create').argument('<name>', 'such as supplier.example/terms'))
      .summary('make a key for a party')
      .description(
        'Makes an Ed25519 key. The secret half goes to a new file that only you may read; the other\n' +
          'half is printed, for the party’s `keys` in terms.yaml. Nothing is sent or recorded.',
      )
      .requiredOption('-o, --out <file>', 'where the secret half goes; must not exist')
      .action((name: string, options: CreateOptions) =>
        run(options, (output) => create(name, options, output)),
      ),
    ['proviso party key create supplier.example/terms --out supplier.key'],
  );
  examples(
    withJson(key.command('show').argument('<file>', 'a secret half'))
      .summary('print the half for terms.yaml')
      .description('Prints the half of a key that stands in terms.yaml.')
      .action((file: string, options: JsonOption) => run(options, (output) => show(file, output))),
    ['proviso party key show supplier.key'],
  );
}

/** @throws ProvisoError `usage_invalid` where there is no file, `note_invalid` where it is no key */
export function readPartyKey(file: string): NoteSigner {
  const stat = statSync(file, { throwIfNoEntry: false });
  if (!stat?.isFile()) {
    throw new ProvisoError('usage_invalid', `There is no file \`${file}\`.`, { at: file });
  }
  if (process.platform !== 'win32' && (stat.mode & 0o077) !== 0) {
    throw new ProvisoError(
      'usage_invalid',
      `\`${file}\` can be read by other users, so anyone may have signed with it: \`chmod 600 ${file}\`, or make another key.`,
      { at: file },
    );
  }
  return parseSignerKey(readFileSync(file, 'utf8'));
}

function create(name: string, { out }: CreateOptions, output: Output): ExitCode {
  const secret = makeSignerKey(name);
  try {
    writeFileSync(out, `${secret}\n`, { flag: 'wx', mode: 0o600 });
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'EEXIST') throw thrown;
    const message = `\`${out}\` exists, and may be a key that somebody needs: choose another file.`;
    throw new ProvisoError('usage_invalid', message, { at: out });
  }
  const { text } = parseSignerKey(secret).verifier;
  output.result({ name, key: text, file: out }, () => {
    output.print(text);
    output.note(
      `\nThe secret half is in \`${out}\`, for you alone. In terms.yaml, at the party:\n`,
    );
    output.note(`  keys: ['${text}']`);
  });
  return EXIT.yes;
}

function show(file: string, output: Output): ExitCode {
  const { name, text } = readPartyKey(file).verifier;
  output.result({ name, key: text, file }, () => output.print(text));
  return EXIT.yes;
}
