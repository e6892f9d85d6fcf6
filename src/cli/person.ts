/** `proviso person`: people who sign and administrate. docs/spec/people.md */
import type { Command } from 'commander';
import { list } from './arguments.ts';
import {
  examples,
  type InstanceOptions,
  type JsonOption,
  run,
  withInstance,
  withJson,
} from './command.ts';
import {
  type ChangeOptions,
  inviteFirst,
  listChanges,
  listPeople,
  proposeChange,
  signOpenChange,
  type Wanted,
  withdrawOpenChange,
} from './person-changes.ts';
import { defineKeys } from './person-key.ts';

type CommonOptions = InstanceOptions & JsonOption;

interface InviteOptions extends ChangeOptions {
  readonly email?: string;
  readonly teams?: readonly string[];
  readonly roles?: readonly string[];
  readonly administrator?: boolean;
}

interface RolesOptions extends ChangeOptions {
  readonly teams?: readonly string[];
}

export function define(command: Command): void {
  command.description(
    'People who sign and administrate. Until the first administrator has registered,\n' +
      'these commands do what they say; after that they propose it, and administrators\n' +
      'sign it: in the console, or here with a key of theirs (--key).',
  );
  defineInvite(command);

  const listing = command
    .command('list')
    .summary('show everyone')
    .description('Shows everyone who is or was registered, and who is invited.')
    .action((options: CommonOptions) => run(options, (output) => listPeople(options, output)));
  examples(withJson(withInstance(listing)), ['proviso person list']);

  const roles = command
    .command('roles')
    .summary('give other roles')
    .description('Replaces the roles of a person, and the teams where they are given.')
    .argument('<person>', 'an id, or the whole name')
    .argument('<roles>', 'roles, with commas between; "" for none', list)
    .option('--teams <names>', 'teams, with commas between', list)
    .action((person: string, names: readonly string[], options: RolesOptions) =>
      run(options, (output) =>
        proposeChange(
          (found) => ({
            kind: 'roles',
            person: found(person).id,
            roles: [...names],
            teams: [...(options.teams ?? found(person).teams)],
          }),
          options,
          output,
        ),
      ),
    );
  examples(withSignature(roles), ['proviso person roles "Ada Example" auditor,mission-approver']);

  const remove = command
    .command('remove')
    .summary('remove a person, for good')
    .description('Removes a person: keys, roles and sessions end.')
    .argument('<person>', 'an id, or the whole name')
    .action((person: string, options: ChangeOptions) =>
      run(options, (output) =>
        proposeChange((found) => ({ kind: 'remove', person: found(person).id }), options, output),
      ),
    );
  examples(withSignature(remove), ['proviso person remove per_3f9a1c20b7d4']);

  const recover = command
    .command('recover')
    .summary('give a person who lost every key a new invitation')
    .description('Ends all keys of a person and makes a new invitation. It takes two people.')
    .argument('<person>', 'an id, or the whole name')
    .action((person: string, options: ChangeOptions) =>
      run(options, (output) =>
        proposeChange((found) => ({ kind: 'recover', person: found(person).id }), options, output),
      ),
    );
  examples(withSignature(recover), ['proviso person recover "Ada Example" --key ben.pem']);

  defineOpenChanges(command);
  defineKeys(command);
}

function defineInvite(command: Command): void {
  const invite = command
    .command('invite')
    .summary('invite a person')
    .description('Makes an invitation: a link that is good once, for 48 hours.')
    .argument('[name]', 'the person’s name')
    .option('--email <address>')
    .option('--teams <names>', 'teams, with commas between', list)
    .option('--roles <names>', 'administrator, overseer, auditor, or one that the terms name', list)
    .option('--administrator', 'a new link for the first administrator, while there is none')
    .action((name: string | undefined, options: InviteOptions) =>
      run(options, (output) =>
        options.administrator
          ? inviteFirst(name, options, output)
          : proposeChange(() => inviteOf(name, options), options, output),
      ),
    );
  examples(withSignature(invite), [
    'proviso person invite --administrator',
    'proviso person invite "Ada Example" --roles auditor --teams records',
  ]);
}

function inviteOf(name: string | undefined, { email, teams, roles }: InviteOptions): Wanted {
  return {
    kind: 'invite',
    name: name ?? '',
    ...(email === undefined ? {} : { email }),
    teams: [...(teams ?? [])],
    roles: [...(roles ?? [])],
  };
}

function defineOpenChanges(command: Command): void {
  const changes = command
    .command('changes')
    .summary('show changes that need another signature')
    .description('Shows changes of people that need another signature.')
    .action((options: CommonOptions) => run(options, (output) => listChanges(options, output)));
  examples(withJson(withInstance(changes)), ['proviso person changes']);

  const sign = command
    .command('sign')
    .summary('sign a change that another began')
    .description('Adds a signature to a change; the last that it needs makes it.')
    .argument('<change>', 'its id: chg_…')
    .action((change: string, options: ChangeOptions) =>
      run(options, (output) => signOpenChange(change, options, output)),
    );
  examples(withSignature(sign), ['proviso person sign chg_3f9a1c20b7d4 --key ada.pem']);

  const withdraw = command
    .command('withdraw')
    .summary('withdraw a change that is not made yet')
    .description('Withdraws a change that still needs a signature.')
    .argument('<change>', 'its id: chg_…')
    .action((change: string, options: CommonOptions) =>
      run(options, (output) => withdrawOpenChange(change, options, output)),
    );
  examples(withJson(withInstance(withdraw)), ['proviso person withdraw chg_3f9a1c20b7d4']);
}

function withSignature(command: Command): Command {
  return withJson(withInstance(command)).option(
    '--key <file>',
    'sign it with your local key; otherwise the operator asks',
  );
}
