/** `proviso terms status`: who has signed a pack, its dates, and whether it is in force. */
import type { Command } from 'commander';
import type { ActivationRow } from '#admin/operations/terms.ts';
import { type Consent, consentOf, type Seat } from '#terms/consent.ts';
import type { Pack } from '#terms/pack.ts';
import { decodeSignatureUnverified } from '#terms/signature.ts';
import { readSignatureFiles } from '#terms/signature-files.ts';
import { effectiveOf } from '#terms/terms.ts';
import {
  examples,
  fromValidity,
  type InstanceOptions,
  type JsonOption,
  run,
  withInstance,
  withJson,
} from './command.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { readConfig } from './instance.ts';
import type { Output } from './output.ts';
import { packInForce, readActivations } from './terms-in-force.ts';

interface StatusOptions extends InstanceOptions, JsonOption {
  readonly against?: string;
}

/** @param readPack tells what is wrong with a pack itself, and then gives none */
export function defineStatus(
  command: Command,
  readPack: (dir: string, output: Output) => Pack | undefined,
): void {
  examples(
    withJson(
      withInstance(command.command('status').argument('<pack>', 'the folder of a terms pack')),
    )
      .option('--against <old>', 'a folder in the place of the version in force')
      .summary('who has signed it, and is it in force?')
      .description(
        'Says of each party whether it has signed this pack by its hash, with which keys it must, and\n' +
          'whether the pack’s dates have come. Exits with 0 when the pack is in force, or nothing but\n' +
          'the proof is between it and that; else with 2.',
      )
      .action((dir: string, options: StatusOptions) =>
        run(options, async (output) => {
          const pack = readPack(dir, output);
          if (!pack) return EXIT.no;
          const known = await knownInForce(options, readPack, output);
          return known ? show(dir, pack, known, output) : EXIT.no;
        }),
      ),
    [
      'proviso terms status my-terms',
      'proviso terms status my-terms --against examples/terms/restricted-use --json',
    ],
  );
}

interface Known {
  readonly inForce: Pack | undefined;
  readonly rows: readonly ActivationRow[];
}

async function knownInForce(
  options: StatusOptions,
  readPack: (dir: string, output: Output) => Pack | undefined,
  output: Output,
): Promise<Known | undefined> {
  if (options.against !== undefined) {
    const inForce = readPack(options.against, output);
    return inForce && { inForce, rows: [] };
  }
  const config = readConfig(options);
  const rows = await readActivations(config);
  return { inForce: packInForce(config, rows), rows };
}

function show(dir: string, pack: Pack, { inForce, rows }: Known, output: Output): ExitCode {
  const row = inForce?.hash === pack.hash ? rows.at(-1) : undefined;
  const used = new Set(
    rows.flatMap(({ signatures }) =>
      signatures.map((note) => decodeSignatureUnverified(note).text),
    ),
  );
  const consent = consentOf({
    pack,
    inForce: row ? undefined : inForce,
    files: readSignatureFiles(dir),
    // In force, it stands by the signatures that brought it there.
    isUsed: ({ text }) => row === undefined && used.has(text),
    releases: [],
  });
  const period = periodOf(pack);
  const isReady = consent.isComplete && consent.withheld.length === 0 && period.state === 'now';
  const isWell = row ? period.state === 'now' : isReady;
  output.result(documentOf(pack, row, inForce, consent, period, isReady), () => {
    const { id, version, title, hash } = pack;
    output.facts([
      ['terms', `${id} ${version}: ${title}`],
      ['hash', hash],
      ['effective', periodWords(period)],
      ['in force', inForceWords(row, inForce)],
    ]);
    output.print();
    describe(consent, output);
    output.print();
    const verdict = verdictWords(dir, row, isReady, period, consent);
    output.print(output.style(isWell ? 'good' : 'bad', verdict));
  });
  return fromValidity(isWell);
}

interface Period {
  readonly from?: string | undefined;
  readonly until?: string | undefined;
  readonly state: 'now' | 'not yet' | 'ended';
}

function periodOf(pack: Pack): Period {
  const { from, until } = effectiveOf(pack);
  const now = Date.now();
  const state = now < from ? 'not yet' : now >= until ? 'ended' : 'now';
  return { ...pack.manifest.effective, state };
}

function periodWords({ from, until, state }: Period): string {
  const dates = [from && `from ${from}`, until && `until ${until}`].filter(Boolean).join(' ');
  return dates === '' ? 'always' : `${dates} (${state})`;
}

function inForceWords(row: ActivationRow | undefined, inForce: Pack | undefined): string {
  if (row) return `since entry ${row.entry} of the ledger, ${row.at}`;
  if (!inForce) return 'no, and no other terms are';
  return `no; ${inForce.id} ${inForce.version} is, of hash ${inForce.hash}`;
}

function describe({ seats, strays, released, withheld }: Consent, output: Output): void {
  if (seats.length === 0) {
    output.print('No party names a key: the operator alone brings it into force.');
  } else {
    output.table(
      ['party', 'keys', 'signature'],
      seats.map((seat) => [seat.party, keysWords(seat), stateWords(seat, output)]),
    );
  }
  for (const { rule, by } of released) output.print(`${rule} is released by ${by.join(', ')}.`);
  for (const { rule, missing } of withheld) {
    output.print(output.style('warn', `${rule} is not released by ${missing.join(', ')}.`));
  }
  for (const { path, problem } of strays) output.print(output.style('warn', `${path}: ${problem}`));
}

function keysWords({ keysOf }: Seat): string {
  return keysOf === 'pack' ? 'of this pack' : 'of the version in force';
}

function stateWords({ state, signature }: Seat, output: Output): string {
  const at = signature ? new Date(signature.statement.at).toISOString() : '';
  switch (state) {
    case 'signed':
      return `${output.style('good', 'signed')} ${at}`;
    case 'missing':
      return output.style('bad', 'missing');
    case 'stale':
      return `${output.style('bad', 'stale')}: of ${signature?.statement.terms.hash}, ${at}`;
    case 'used':
      return `${output.style('bad', 'used')}: it has brought terms into force before; sign again`;
    case 'invalid':
      return `${output.style('bad', 'invalid')}: it does not verify`;
    case 'unknown key':
      return `${output.style('bad', 'unknown key')}: not one of the party’s`;
  }
}

function verdictWords(
  dir: string,
  row: ActivationRow | undefined,
  isReady: boolean,
  { state }: Period,
  { isComplete }: Consent,
): string {
  if (state === 'ended') return 'its time is over: it permits nothing';
  if (row) return 'in force';
  if (isReady) return `ready to be proven and brought into force: proviso terms activate ${dir}`;
  if (!isComplete) return 'not everyone has signed who must';
  return state === 'not yet' ? 'its time has not come' : 'not everyone has released what one has';
}

function documentOf(
  { id, version, title, hash }: Pack,
  row: ActivationRow | undefined,
  inForce: Pack | undefined,
  { seats, strays, released, withheld }: Consent,
  effective: Period,
  ready: boolean,
) {
  return {
    id,
    version,
    title,
    hash,
    effective,
    inForce: row ? { entry: row.entry, at: row.at } : null,
    against:
      row || !inForce ? null : { id: inForce.id, version: inForce.version, hash: inForce.hash },
    ready,
    parties: seats.map(({ party, name, keysOf, state, signature }) => ({
      party,
      name,
      keysOf,
      state,
      ...(signature && {
        at: new Date(signature.statement.at).toISOString(),
        hash: signature.statement.terms.hash,
        keys: signature.keys.map((key) => key.name),
      }),
    })),
    released,
    withheld,
    strays,
  };
}
