/** Approving with a local key, and rejecting, from a terminal. */
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline/promises';
import { openControl } from '#admin/open.ts';
import type { Control } from '#admin/operation.ts';
import * as holds from '#admin/operations/holds.ts';
import { listPeople } from '#admin/operations/people.ts';
import { getStatus } from '#admin/operations/status.ts';
import { ProvisoError } from '#base/errors.ts';
import type { Config } from '#config/config.ts';
import { visible } from '#oversight/visible.ts';
import { openLocalKey } from '#people/local-key.ts';
import type { InstanceOptions, JsonOption } from './command.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { describeHold, readHold } from './hold-show.ts';
import { readConfig } from './instance.ts';
import type { Output } from './output.ts';

export interface ApproveOptions extends InstanceOptions, JsonOption {
  readonly key?: string;
  readonly display?: string;
}

export interface RejectOptions extends InstanceOptions, JsonOption {
  readonly person: string;
  readonly reason: string;
}

export async function approveHold(
  id: string,
  options: ApproveOptions,
  output: Output,
): Promise<ExitCode> {
  const config = readConfig(options);
  await using control = await openControl(config);
  if (options.key === undefined) return await pointToConsole(id, control, config, output);
  return await sign(id, options.key, options, control, output);
}

async function sign(
  id: string,
  keyFile: string,
  options: ApproveOptions,
  control: Control,
  output: Output,
): Promise<ExitCode> {
  const signer = openLocalKey(readFileSync(keyFile, 'utf8'));
  const people = await control.ask(listPeople, {});
  const person = people.find(({ credentials }) =>
    credentials.some((credential) => credential.id === signer.key.id),
  );
  if (!person) {
    throw new ProvisoError(
      'person_unknown',
      `Nobody has registered the key of \`${keyFile}\`; \`proviso person\` does.`,
    );
  }
  const openedAt = Date.now();
  const shown = await readHold(control, id);
  const display = options.display ?? (await look(shown, output));
  if (display === undefined) {
    output.note('Not signed.');
    return EXIT.no;
  }
  const asked = await control.ask(holds.askHold, {
    hold: id,
    person: person.id,
    verdict: 'approve',
  });
  // What is signed must be what was looked at, also where it changed since.
  if (asked.display.hash !== display) {
    throw new ProvisoError(
      'challenge_invalid',
      'What is shown now is not what was looked at. Look again: `proviso hold show`.',
    );
  }
  const row = await control.ask(holds.signHold, {
    hold: id,
    person: person.id,
    challenge: asked.challenge,
    assertion: signer.sign(Buffer.from(asked.challenge, 'base64url')),
    openedAt,
    visibleMs: Date.now() - openedAt,
  });
  output.result(row, () => {
    const missing = row.asks.reduce((sum, asks) => sum + asks.missing, 0);
    const then = missing === 0 ? 'Nothing is missing any more.' : `${missing} more to sign.`;
    output.print(`${output.style('good', 'signed')} ${id} by ${visible(person.name)}. ${then}`);
  });
  return EXIT.yes;
}

/** Shows it whole, and asks. @returns the hash of what was shown; undefined for a no */
async function look(
  shown: Awaited<ReturnType<typeof readHold>>,
  output: Output,
): Promise<string | undefined> {
  if (output.isJson || !process.stdin.isTTY) {
    throw new ProvisoError(
      'usage_invalid',
      'Nobody is at this terminal to look at it: give `--display` with the hash that `show` prints.',
    );
  }
  describeHold(shown, output);
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const words = await terminal.question(
    '\nSign exactly this? Type `sign`, or anything else for no: ',
  );
  terminal.close();
  return words.trim() === 'sign' ? shown.display.hash : undefined;
}

async function pointToConsole(
  id: string,
  control: Control,
  { console: page }: Config,
  output: Output,
): Promise<ExitCode> {
  await readHold(control, id);
  const { address } = await control.ask(getStatus, {});
  const origin = page.origin ?? `http://localhost:${new URL(address).port}`;
  const url = `${origin}/console/holds/${id}`;
  output.result({ hold: id, url }, () => {
    output.print(`A passkey signs in a browser: open ${output.style('strong', url)}`);
    output.note('Not signed. With a local key, where the terms allow one: `--key FILE`.');
  });
  return EXIT.couldNot;
}

export async function rejectHold(
  id: string,
  { person: named, reason, ...options }: RejectOptions,
  output: Output,
): Promise<ExitCode> {
  await using control = await openControl(readConfig(options));
  const people = await control.ask(listPeople, {});
  const found = people.filter(({ id: personId, name }) => personId === named || name === named);
  const [person] = found;
  if (!person || found.length > 1) {
    const why = person ? 'is the name of several people: give the id' : 'is nobody';
    throw new ProvisoError('person_unknown', `\`${named}\` ${why}; see \`proviso person list\`.`);
  }
  const row = await control.ask(holds.rejectHold, { hold: id, person: person.id, reason });
  output.result(row, () =>
    output.print(`${output.style('bad', 'rejected')} ${id} by ${visible(person.name)}.`),
  );
  return EXIT.yes;
}
