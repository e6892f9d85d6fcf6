/** `proviso witness`: cosigns the heads of logs that others keep. */
import { once } from 'node:events';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { destination, pino } from 'pino';
import { ProvisoError } from '#base/errors.ts';
import { isSupported } from '#base/note-key.ts';
import type { Config, WitnessConfig } from '#config/config.ts';
import { CosignedHeads } from '#witness/heads.ts';
import { loadCosigners } from '#witness/keys.ts';
import { serveWitness } from '#witness/server.ts';
import { list, wholeNumber } from './arguments.ts';
import {
  examples,
  type InstanceOptions,
  type JsonOption,
  run,
  withInstance,
  withJson,
} from './command.ts';
import { instant } from './entry-words.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { readConfig } from './instance.ts';
import type { Output } from './output.ts';
import { stopSignal } from './signals.ts';

interface WitnessOptions extends InstanceOptions, JsonOption {
  readonly dir?: string;
  readonly name?: string;
  readonly log?: readonly string[];
  readonly port?: number;
}

export function define(command: Command): void {
  const serving = common(command.command('serve'))
    .summary('cosign the heads of logs, until Ctrl-C')
    .description(
      'Serves the C2SP tlog-witness protocol: a log that it knows gets a cosignature on a head\n' +
        'that continues the one before, which it remembers before it answers. Settings stand in\n' +
        'proviso.yaml below `witness`; these options go before them.',
    )
    .option('--log <vkey>', 'the verifier key of a log to cosign; again for more', list)
    .option('-p, --port <number>', 'the port; 0 takes a free one', wholeNumber(0, 65_535))
    .action((options: WitnessOptions) => run(options, (output) => serve(options, output)));
  examples(withJson(withInstance(serving)), [
    'proviso witness serve --config proviso.yaml',
    'proviso witness serve --dir w --name witness.example.org/harbour --log "$(cat log.pub)"',
  ]);

  const showing = common(command.command('show'))
    .summary('its keys, and what it cosigned')
    .description('Shows the witness’s verifier keys, and of each log the newest head it cosigned.')
    .action((options: WitnessOptions) => run(options, (output) => show(options, output)));
  examples(withJson(withInstance(showing)), ['proviso witness show --config proviso.yaml']);
}

function common(command: Command): Command {
  return command
    .option('--dir <folder>', 'where it keeps its keys and what it cosigned')
    .option('--name <name>', 'its name, such as witness.example.org/harbour');
}

async function serve(options: WitnessOptions, output: Output): Promise<ExitCode> {
  const config = readConfig(options);
  const settings = settingsOf(options, config);
  if (settings.logs.length === 0) {
    throw new ProvisoError('usage_invalid', 'Name the logs to cosign: `witness.logs`, or `--log`.');
  }
  const log = pino({ level: config.telemetry.logLevel }, destination({ dest: 2, sync: true }));
  const stopping = stopSignal();
  const server = await serveWitness(settings, log);
  const { address, verifierKeys } = server;
  const { name, dir, logs } = settings;
  const names = [...new Set(logs.map((key) => key.slice(0, key.indexOf('+'))))];
  output.result({ address, name, dir, verifierKeys, logs: names }, () => {
    const [key = ''] = verifierKeys;
    const [short] = name.split('/').slice(-1);
    output.print(
      `${output.style('good', 'The witness serves on')} ${output.style('strong', address)}`,
    );
    output.print();
    output.facts([
      ['name', name],
      ['folder', dir],
      ...names.map((each, i): [string, string] => [i === 0 ? 'logs' : '', each]),
      ['keys', settings.signatures.map((algorithm) => `${dir}/${algorithm}.pub`).join(', ')],
    ]);
    output.print(`\n${output.style('dim', '# for the witness policy of such a log')}`);
    output.print(`witness ${short} ${key} ${address}/\n`);
  });
  if (!stopping.aborted) await once(stopping, 'abort');
  await server.close();
  output.note('Stopped.');
  return EXIT.yes;
}

async function show(options: WitnessOptions, output: Output): Promise<ExitCode> {
  const { name, dir, signatures } = settingsOf(options, readConfig(options));
  const cosigners = await loadCosigners(dir, name, signatures);
  const verifierKeys = cosigners.map(({ verifier }) => verifier.text);
  const heads = await CosignedHeads.open(dir);
  try {
    const logs = heads.list();
    output.result({ name, dir, verifierKeys, logs }, () => {
      output.facts([
        ['name', name],
        ['folder', dir],
        ['keys', signatures.map((algorithm) => `${dir}/${algorithm}.pub`).join(', ')],
      ]);
      output.print();
      if (logs.length === 0) return output.print('Nothing was cosigned yet.');
      output.table(
        ['log', 'entries', 'cosigned at'],
        logs.map(({ origin, size, cosignedAt }) => {
          return [origin, String(size), instant(cosignedAt * 1_000)];
        }),
      );
    });
  } finally {
    heads.close();
  }
  return EXIT.yes;
}

/** What the configuration says below `witness`, with what the options say put before it. */
function settingsOf(
  { dir, name, log, port }: WitnessOptions,
  { witness, dataDir }: Config,
): WitnessConfig {
  const named = name ?? witness?.name;
  if (named === undefined) {
    throw new ProvisoError(
      'usage_invalid',
      'The witness needs a name: `witness.name`, or `--name`.',
    );
  }
  const listen = witness?.listen ?? { host: '127.0.0.1', port: 8788 };
  return {
    name: named,
    dir: dir === undefined ? (witness?.dir ?? resolve(dataDir, 'witness')) : resolve(dir),
    listen: port === undefined ? listen : { ...listen, port },
    logs: log ?? witness?.logs ?? [],
    signatures:
      witness?.signatures ??
      (['ed25519', 'ml-dsa-44'] as const).filter((algorithm) => isSupported(algorithm)),
    requestsPerMinuteMax: witness?.requestsPerMinuteMax ?? 120,
  };
}
