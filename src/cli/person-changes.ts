/** Changes of people from the command line: proposed by the operator, or signed with a local key. */

import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import type { z } from 'zod';
import { openControl } from '#admin/open.ts';
import type { Control } from '#admin/operation.ts';
import * as people from '#admin/operations/people.ts';
import { ProvisoError } from '#base/errors.ts';
import type { Config } from '#config/config.ts';
import { openLocalKey } from '#people/local-key.ts';
import type { InstanceOptions, JsonOption } from './command.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { readConfig } from './instance.ts';
import type { Output } from './output.ts';

export interface ChangeOptions extends InstanceOptions, JsonOption {
  /** The file of a local key. */
  readonly key?: string;
}

export type Wanted = z.input<(typeof people.draftChange)['input']>;
type CommonOptions = InstanceOptions & JsonOption;
type Found = (nameOrId: string) => people.PersonRow;

export async function listPeople(options: CommonOptions, output: Output): Promise<ExitCode> {
  return withControl(options, async (control) => {
    const rows = await control.ask(people.listPeople, {});
    output.result({ people: rows }, () => {
      if (rows.length === 0) {
        output.print('Nobody yet. The first: proviso person invite --administrator');
      } else {
        output.table(['person', 'state', 'name', 'roles', 'teams', 'keys'], rows.map(cells));
      }
    });
    return EXIT.yes;
  });
}

function cells({ id, state, name, roles, teams, credentials, hasIdentity }: people.PersonRow) {
  const keys = credentials.map(({ kind, id: key }) =>
    kind === 'passkey' ? 'passkey' : `local key ${key}`,
  );
  if (hasIdentity) keys.push('sign-on');
  return [id, state, name, roles.join(', '), teams.join(', '), keys.join(', ')];
}

/** @param wanted given what finds a person by id or whole name */
export function proposeChange(
  wanted: (found: Found) => Wanted,
  options: ChangeOptions,
  output: Output,
): Promise<ExitCode> {
  return withControl(options, async (control, config) => {
    const rows = await control.ask(people.listPeople, {});
    const { document } = await control.ask(
      people.draftChange,
      wanted((nameOrId) => find(rows, nameOrId)),
    );
    return sign(control, document, options, config, output);
  });
}

export function signOpenChange(
  id: string,
  options: ChangeOptions,
  output: Output,
): Promise<ExitCode> {
  return withControl(options, async (control, config) => {
    const open = (await control.ask(people.listChanges, {})).find(({ change }) => change === id);
    if (!open) throw new ProvisoError('not_found', `There is no open change \`${id}\`.`);
    if (options.key === undefined && !open.maySign) {
      throw new ProvisoError(
        'role_required',
        'The operator has no say in this change: an administrator signs it, in the console or with `--key`.',
      );
    }
    return sign(control, open.document, options, config, output);
  });
}

export function withdrawOpenChange(
  id: string,
  options: CommonOptions,
  output: Output,
): Promise<ExitCode> {
  return withControl(options, async (control) => {
    await control.ask(people.withdrawChange, { change: id });
    output.result({ change: id }, () => output.print(`The change \`${id}\` is withdrawn.`));
    return EXIT.yes;
  });
}

export function listChanges(options: CommonOptions, output: Output): Promise<ExitCode> {
  return withControl(options, async (control) => {
    const rows = await control.ask(people.listChanges, {});
    output.result({ changes: rows }, () => {
      if (rows.length === 0) output.print('No change waits for a signature.');
      else {
        output.table(
          ['change', 'what', 'person', 'signed by', 'until'],
          rows.map(({ change, kind, person, name, signedBy, signaturesNeeded, expiresAt }) => [
            change,
            kind,
            name === '' ? person : name,
            `${signedBy.length} of ${signaturesNeeded}: ${signedBy.join(', ') || 'nobody'}`,
            expiresAt,
          ]),
        );
      }
    });
    return EXIT.yes;
  });
}

/** A link for the first administrator; where one was invited before, that invitation ends. */
export function inviteFirst(
  name: string | undefined,
  options: ChangeOptions,
  output: Output,
): Promise<ExitCode> {
  return withControl(options, async (control, config) => {
    const link = await firstAdministratorLink(control, name);
    if (link === undefined) {
      throw new ProvisoError(
        'second_person_required',
        'There is an administrator: invite further ones with `--roles administrator`, which takes two people, or have one recovered.',
      );
    }
    const invitation = wholeLink(link, config);
    output.result({ invitation }, () => {
      output.print(output.style('strong', invitation));
      output.note('\nThe first administrator’s link, shown this once. Good once, for 48 hours.');
    });
    return EXIT.yes;
  });
}

/** Undefined where somebody who is an administrator has registered, or does so in two steps. */
export async function firstAdministratorLink(
  control: Control,
  name: string = userInfo().username,
): Promise<string | undefined> {
  const rows = await control.ask(people.listPeople, {});
  const administrators = rows.filter(({ roles }) => roles.includes('administrator'));
  if (administrators.some(({ state }) => state !== 'invited')) return undefined;
  const [invited] = administrators;
  const draft = await control.ask(
    people.draftChange,
    invited
      ? { kind: 'recover', person: invited.id }
      : { kind: 'invite', name, teams: [], roles: ['administrator'] },
  );
  if (draft.signaturesNeeded > 1) return undefined;
  const { document } = draft;
  return (await control.ask(people.signChange, { document })).invitation;
}

async function sign(
  control: Control,
  document: string,
  { key }: ChangeOptions,
  config: Config,
  output: Output,
): Promise<ExitCode> {
  const signer = key === undefined ? undefined : openLocalKey(readFileSync(key, 'utf8'));
  const result = await control.ask(people.signChange, {
    document,
    ...(signer ? { assertion: signer.sign(hash('sha256', document, 'buffer')) } : {}),
  });
  const invitation = result.invitation && wholeLink(result.invitation, config);
  output.result({ ...result, ...(invitation ? { invitation } : {}) }, () => {
    const { change, person, isMade, signatures, signaturesNeeded, code } = result;
    if (isMade) output.print(`Done: ${person}.`);
    else {
      output.print(`Proposed as \`${change}\`: ${signatures} of ${signaturesNeeded} signatures.`);
      output.print(`Another signs it: in the console, or proviso person sign ${change} --key FILE`);
    }
    if (code) {
      output.print(`\nThe code for ${person}, shown this once; give it to the person yourself:`);
      output.print(`  ${output.style('strong', code)}`);
    }
    if (invitation) {
      output.print('\nThe invitation, shown this once. Good once, for 48 hours:');
      output.print(`  ${output.style('strong', invitation)}`);
    }
  });
  return EXIT.yes;
}

/** A gateway that does not run does not know where it will be reached. */
function wholeLink(link: string, { console, listen }: Config): string {
  return link.startsWith('/')
    ? `${console.origin ?? `http://localhost:${listen.port}`}${link}`
    : link;
}

function find(rows: readonly people.PersonRow[], nameOrId: string): people.PersonRow {
  const found = rows.filter(
    ({ id, name, state }) => id === nameOrId || (name === nameOrId && state !== 'removed'),
  );
  const [person] = found;
  if (person && found.length === 1) return person;
  throw new ProvisoError(
    'person_unknown',
    person
      ? `${found.length} people have the name \`${nameOrId}\`: give the id.`
      : `There is nobody \`${nameOrId}\`; \`proviso person list\` shows everyone.`,
  );
}

async function withControl(
  options: InstanceOptions,
  work: (control: Control, config: Config) => Promise<ExitCode>,
): Promise<ExitCode> {
  const config = readConfig(options);
  await using control = await openControl(config);
  return await work(control, config);
}
