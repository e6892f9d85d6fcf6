/** `proviso person key`: local keys, with which a person signs in a terminal. */
import { writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { createLocalKey, openLocalKey } from '#people/local-key.ts';
import { examples, type JsonOption, run, withInstance, withJson } from './command.ts';
import { EXIT, type ExitCode } from './exit.ts';
import type { Output } from './output.ts';
import { type ChangeOptions, proposeChange } from './person-changes.ts';

export function defineKeys(command: Command): void {
  const keys = command
    .command('key')
    .summary('make, register and end local keys')
    .description(
      'Local keys: Ed25519 in a file, for signing in a terminal where the terms allow it.',
    );

  const create = keys
    .command('create')
    .summary('make a local key')
    .description(
      'Makes a local key, into a file that only you may read. Nothing is registered yet.',
    )
    .argument('<file>', 'where the key is written; it must not exist')
    .action((file: string, options: JsonOption) =>
      run(options, (output) => createKey(file, output)),
    );
  examples(withJson(create), ['proviso person key create ada.pem']);

  const add = keys
    .command('add')
    .summary('register a person’s local key')
    .description('Registers a local key for a person. It takes two people, the person being one.')
    .argument('<person>', 'an id, or the whole name')
    .argument('<public-key>', 'what `proviso person key create` printed')
    .option('--key <file>', 'sign it with your local key; otherwise the operator asks')
    .action((person: string, publicKey: string, options: ChangeOptions) =>
      run(options, (output) =>
        proposeChange(
          (found) => ({ kind: 'add-local-key', person: found(person).id, publicKey }),
          options,
          output,
        ),
      ),
    );
  examples(withJson(withInstance(add)), [
    'proviso person key add "Ada Example" 11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo',
  ]);

  const end = keys
    .command('end')
    .summary('end one key of a person')
    .description('Ends a passkey or a local key of a person, who must have another.')
    .argument('<person>', 'an id, or the whole name')
    .argument('<key>', 'the id of the key')
    .option('--key <file>', 'sign it with your local key; otherwise the operator asks')
    .action((person: string, credential: string, options: ChangeOptions) =>
      run(options, (output) =>
        proposeChange(
          (found) => ({ kind: 'end-key', person: found(person).id, credential }),
          options,
          output,
        ),
      ),
    );
  examples(withJson(withInstance(end)), [
    'proviso person key end "Ada Example" If4x36FUomFia_hUBG_SJw',
  ]);
}

function createKey(file: string, output: Output): ExitCode {
  const pem = createLocalKey();
  writeFileSync(file, pem, { mode: 0o600, flag: 'wx' });
  const { id, publicKey } = openLocalKey(pem).key;
  output.result({ file, id, publicKey }, () => {
    output.print(publicKey);
    output.note(`\nThe public key. \`${file}\` holds the secret one: keep it to yourself.`);
    output.note(`To register it: proviso person key add PERSON ${publicKey}`);
  });
  return EXIT.yes;
}
