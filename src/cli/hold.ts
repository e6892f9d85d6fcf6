/** `proviso hold`: actions that wait for people, for those who live in a terminal. */
import type { Command } from 'commander';
import {
  examples,
  type InstanceOptions,
  type JsonOption,
  run,
  withInstance,
  withJson,
} from './command.ts';
import { type ApproveOptions, approveHold, type RejectOptions, rejectHold } from './hold-answer.ts';
import { type ListOptions, listHolds, showHold, watchHolds } from './hold-show.ts';

type CommonOptions = InstanceOptions & JsonOption;

export function define(command: Command): void {
  const list = command
    .command('list')
    .summary('show the holds that are open')
    .description('Shows what waits for people, what it asks for, and how long it has.')
    .option('-a, --all', 'those of the last day that have ended, too')
    .action((options: ListOptions) => run(options, (output) => listHolds(options, output)));
  examples(withJson(withInstance(list)), ['proviso hold list', 'proviso hold list --all --json']);

  const show = command
    .command('show')
    .summary('show one hold, whole')
    .description(
      'Shows the whole action, as a person must see it before signing: every argument, and each\n' +
        'character that cannot be seen, or passes for another, written out as ⟨U+202E⟩.',
    )
    .argument('<hold>', 'its id, `hld_…`')
    .action((id: string, options: CommonOptions) =>
      run(options, (output) => showHold(id, options, output)),
    );
  examples(withJson(withInstance(show)), ['proviso hold show hld_…']);

  const approve = command
    .command('approve')
    .summary('sign an action')
    .description(
      'Signs the action with a local key, where the terms allow one, after showing it whole. Without\n' +
        '`--key` it says where to sign with a passkey: that takes the console, in a browser. Where\n' +
        'nobody is at the terminal, `--display` says what was looked at: the hash that `show` prints.',
    )
    .argument('<hold>', 'its id, `hld_…`')
    .option('-k, --key <file>', 'the file of a local key')
    .option('--display <hash>', 'sign only if what is shown has this hash; asks nothing then')
    .action((id: string, options: ApproveOptions) =>
      run(options, (output) => approveHold(id, options, output)),
    );
  examples(withJson(withInstance(approve)), [
    'proviso hold approve hld_… --key ~/.proviso/approver.pem',
    'proviso hold approve hld_… --key approver.pem --display 5f1d…',
  ]);

  const reject = command
    .command('reject')
    .summary('say no to an action')
    .description(
      'Rejects an action, in the name of a person who could have signed it, with a reason that the\n' +
        'caller is told. It takes no signature.',
    )
    .argument('<hold>', 'its id, `hld_…`')
    .requiredOption('-p, --person <person>', 'who says no: a name, or an id `per_…`')
    .requiredOption('-r, --reason <words>', 'why')
    .action((id: string, options: RejectOptions) =>
      run(options, (output) => rejectHold(id, options, output)),
    );
  examples(withJson(withInstance(reject)), [
    'proviso hold reject hld_… --person "Ada Veld" --reason "the wrong pier"',
  ]);

  const watch = command
    .command('watch')
    .summary('tell of each hold as it comes and ends')
    .description(
      'Tells of each hold as it opens, is answered and ends, until Ctrl-C. With `--json`, one\n' +
        'document a line.',
    )
    .action((options: CommonOptions) => run(options, (output) => watchHolds(options, output)));
  examples(withJson(withInstance(watch)), ['proviso hold watch']);
}
