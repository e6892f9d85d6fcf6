/** Holds, shown to a person. What others wrote is shown with nothing in it that cannot be seen. */
import { setTimeout as sleep } from 'node:timers/promises';
import { openControl } from '#admin/open.ts';
import type { Control } from '#admin/operation.ts';
import * as holds from '#admin/operations/holds.ts';
import { visible } from '#oversight/visible.ts';
import type { InstanceOptions, JsonOption } from './command.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { readConfig } from './instance.ts';
import type { Output } from './output.ts';

export interface ListOptions extends InstanceOptions, JsonOption {
  readonly all?: boolean;
}

/** One hold with its action, as the control API has it. */
type Shown = Awaited<ReturnType<typeof readHold>>;

export async function listHolds(options: ListOptions, output: Output): Promise<ExitCode> {
  await using control = await openControl(readConfig(options));
  const rows = await control.ask(holds.listHolds, { state: options.all ? 'all' : 'open' });
  output.result({ holds: rows }, () => {
    if (rows.length === 0) output.print('Nothing waits for people.');
    else output.table(['hold', 'state', 'what', 'caller', 'asks', 'time left'], rows.map(cells));
  });
  return EXIT.yes;
}

export async function showHold(
  id: string,
  options: InstanceOptions & JsonOption,
  output: Output,
): Promise<ExitCode> {
  await using control = await openControl(readConfig(options));
  const shown = await readHold(control, id);
  output.result(shown, () => describeHold(shown, output));
  return EXIT.yes;
}

export function readHold(control: Control, hold: string) {
  return control.ask(holds.getHold, { hold });
}

/** The whole action. */
export function describeHold(shown: Shown, output: Output): void {
  const { display, asks, answers } = shown;
  output.print(`${output.style('strong', shown.hold)}  ${stateWords(shown)}`);
  output.print();
  output.facts([
    ...display.lines.map(({ label, value, kind, by, unit, before, isNew }): [string, string] => {
      const text = kind === 'text' ? `“${value}”` : value;
      const notes = [
        unit,
        by === 'model' ? 'written by the model' : undefined,
        before === undefined ? undefined : `before: ${before}`,
        isNew ? 'new' : undefined,
      ].filter((note) => note !== undefined);
      return [
        label,
        notes.length === 0 ? text : `${text}  ${output.style('dim', `(${notes.join('; ')})`)}`,
      ];
    }),
    ...(display.compared?.gone ?? []).map(({ label, value }): [string, string] => [
      label,
      output.style('dim', `gone; before: ${value}`),
    ]),
  ]);
  output.print();
  output.facts([
    ...asks.map(({ approval, meaning, count, missing, roles }): [string, string] => [
      approval,
      `${meaning} ${count - missing} of ${count} signed; by ${roles.join(' or ')}`,
    ]),
    ...answers.map(({ person, verdict, strength, at, reason }): [string, string] => [
      verdict === 'approve' ? 'signed' : 'rejected',
      `${person}, ${strength}, ${at}${reason === undefined ? '' : `: ${visible(reason)}`}`,
    ]),
    ['action', shown.actionHash],
    ['display', `${display.hash}, version ${display.version}`],
  ]);
}

/** Until a signal ends it. */
export async function watchHolds(
  options: InstanceOptions & JsonOption,
  output: Output,
): Promise<ExitCode> {
  await using control = await openControl(readConfig(options));
  const ending = new AbortController();
  process.once('SIGINT', () => ending.abort());
  process.once('SIGTERM', () => ending.abort());
  const told = new Map<string, string>();
  output.note('Watching; Ctrl-C ends it.');
  while (!ending.signal.aborted) {
    for (const row of await control.ask(holds.listHolds, { state: 'all' })) {
      const now = `${row.state} ${row.answers.length}`;
      const before = told.get(row.hold);
      told.set(row.hold, now);
      // What ended before anybody watched is no news.
      if (now === before || (before === undefined && row.state !== 'open')) continue;
      if (options.json) process.stdout.write(`${JSON.stringify(row)}\n`);
      else output.print(cells(row).join('  '));
    }
    await sleep(LOOK_MS, undefined, { signal: ending.signal }).catch(() => undefined);
  }
  return EXIT.yes;
}

const LOOK_MS = 1_000;

function cells(row: holds.HoldRow): string[] {
  const { hold, what, caller, asks, expiresAt } = row;
  const asked = asks.map(
    ({ approval, count, missing }) => `${approval} ${count - missing}/${count}`,
  );
  const left = row.state === 'open' ? timeLeft(expiresAt) : '';
  return [hold, row.state, visible(what), visible(caller), asked.join(', '), left];
}

function stateWords({ state, expiresAt }: holds.HoldRow): string {
  return state === 'open' ? `open, ${timeLeft(expiresAt)} left` : state;
}

function timeLeft(expiresAt: string): string {
  const seconds = Math.max(0, Math.round((Date.parse(expiresAt) - Date.now()) / 1000));
  if (seconds < 90) return `${seconds} s`;
  return seconds < 90 * 60 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
}
