/** `proviso start`: serves until a signal ends it. */
import { once } from 'node:events';
import { userInfo } from 'node:os';
import type { Command } from 'commander';
import { destination, type Logger, pino } from 'pino';
import type { Control } from '#admin/operation.ts';
import { createKey, listKeys } from '#admin/operations/keys.ts';
import { listPeople } from '#admin/operations/people.ts';
import { isConsoleBuilt } from '#admin/pages.ts';
import { asProvisoError } from '#base/errors.ts';
import type { Config } from '#config/config.ts';
import { wholeNumber } from './arguments.ts';
import {
  examples,
  type InstanceOptions,
  type JsonOption,
  run,
  withInstance,
  withJson,
} from './command.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { readConfig } from './instance.ts';
import type { Output } from './output.ts';
import { firstAdministratorLink } from './person-changes.ts';
import { withProgress } from './progress.ts';
import { type Serving, serve } from './serve.ts';
import { stopSignal } from './signals.ts';
import { signersOf, signersWords, termsWarnings } from './terms-in-force.ts';
import { tryOut } from './try-out.ts';

interface StartOptions extends InstanceOptions, JsonOption {
  readonly port?: number;
}

export function define(command: Command): void {
  examples(
    withJson(withInstance(command))
      .description(
        'Serves calls under the terms in force until SIGTERM or Ctrl-C, which lets open calls end.\n' +
          'SIGHUP reads the configuration again. Without a configuration: loopback, ./proviso-data,\n' +
          'the example terms, providers whose keys stand in the environment, or else the sandbox.',
      )
      .option('-p, --port <number>', 'the port; 0 takes a free one', wholeNumber(0, 65_535))
      .action((options: StartOptions) => run(options, (output) => start(options, output))),
    [
      'proviso start',
      'OPENAI_API_KEY=… proviso start --port 9000',
      'proviso start --config /etc/proviso/proviso.yaml --json',
    ],
  );
}

async function start(options: StartOptions, output: Output): Promise<ExitCode> {
  const config = readConfig(options);
  const log = pino({ level: config.telemetry.logLevel }, destination({ dest: 2, sync: true }));
  const stopping = stopSignal(() => {
    output.note('Stopping: no new calls; waiting for open ones. Again to end at once.');
  });
  const serving = await withProgress('terms proven', (onProgress) =>
    serve(config, log, { onProgress }),
  );
  const { control } = serving;
  const first = { link: await firstLink(control), key: await firstKey(control) };
  await announce(serving, config, first, output);
  const onReload = () => void reload(serving, options, log);
  process.on('SIGHUP', onReload);
  if (!stopping.aborted) await once(stopping, 'abort');
  await serving.stop();
  process.off('SIGHUP', onReload);
  output.note('Stopped: every open call has ended, and the ledger is closed.');
  return EXIT.yes;
}

/** Without any key nobody could call: the first start makes one. */
async function firstKey(control: Control): Promise<string | undefined> {
  const keys = await control.ask(listKeys, {});
  if (keys.length > 0) return undefined;
  const { key } = await control.ask(createKey, {
    caller: 'first-caller',
    owner: userInfo().username,
    organisation: 'local',
    teams: [],
    clearance: 0,
    purposes: [],
  });
  return key;
}

/** Without any person nobody could sign in: the first start invites an administrator. */
async function firstLink(control: Control): Promise<string | undefined> {
  const people = await control.ask(listPeople, {});
  return people.length > 0 ? undefined : firstAdministratorLink(control);
}

interface First {
  /** Of callers; absent where there are some. */
  readonly key: string | undefined;
  /** Of the first administrator; absent where somebody was invited before. */
  readonly link: string | undefined;
}

async function announce(
  serving: Serving,
  config: Config,
  { key, link }: First,
  output: Output,
): Promise<void> {
  const { address, gateway } = serving;
  const { id, version, hash } = gateway.terms.pack;
  const { activation } = gateway.activations.current;
  const { entry, proof } = activation;
  const signedBy = signersOf(activation);
  const terms = { id, version, hash, entry, verdict: proof.verdict, signedBy };
  const { origin, verifierKey, size } = gateway.ledger;
  const url = config.ledger.serve ? `${address}${config.ledger.prefix}` : undefined;
  const ledger = { origin, verifierKey, size, url };
  const { permitted, refused, verify } = await tryOut(serving, key);
  const providers = config.providers.map(({ name, kind, protocol }) => ({ name, kind, protocol }));
  const { title } = gateway.terms.pack;
  const { dataDir } = config;
  const warnings = [...config.warnings, ...termsWarnings(config, gateway.terms.pack)];
  const commands = { permitted: permitted.command, refused: refused.command, verify };
  const consoleAddress = `${serving.origin}/console`;
  const document = {
    address,
    terms,
    ledger,
    dataDir,
    providers,
    warnings,
    console: { address: consoleAddress, isBuilt: isConsoleBuilt(), firstAdministrator: link },
    key,
    commands,
  };
  output.result(document, () => {
    output.print(`${output.style('good', 'Proviso serves on')} ${output.style('strong', address)}`);
    output.print();
    output.facts([
      ['terms', `${terms.id} ${terms.version}: ${title}`],
      ['', `sha256 ${terms.hash}`],
      ['', `${proof.verdict} by ${proof.solver}, in force since entry ${entry}`],
      ['', `signed by ${signersWords(activation)}`],
      ['ledger', `${ledger.origin}, ${ledger.size} entries in ${config.ledger.dir}`],
      ['', `verifier key ${ledger.verifierKey}`],
      ['', url === undefined ? 'not served' : `for anyone to read at ${url}`],
      ...providers.map(({ name, kind, protocol }, i): [string, string] => [
        i === 0 ? 'providers' : '',
        kind === 'sandbox'
          ? `${name}: inside Proviso, a made-up answer and no model; set OPENAI_API_KEY or another`
          : `${name}: ${kind}, ${protocol}`,
      ]),
      ['console', isConsoleBuilt() ? consoleAddress : 'not built: npm run build:console'],
    ]);
    for (const warning of warnings)
      output.print(`\n${output.style('warn', 'warning')}  ${warning}`);
    output.print();
    if (key === undefined) {
      output.print('Callers’ keys: `proviso key list`; a new one: `proviso key create NAME`.');
      output.print('To try it with one of yours: PROVISO_KEY=prv_…');
    } else {
      output.print('A first key for callers, shown this once:');
      output.print(output.style('strong', `  ${key}`));
    }
    if (link !== undefined) {
      output.print('\nThe first administrator’s link, good once within 48 hours, shown this once:');
      output.print(output.style('strong', `  ${link}`));
    }
    for (const [what, line] of [
      [`a call: the terms say ${permitted.effect}`, permitted.command],
      [`another: the terms say ${refused.effect}, and the answer says why`, refused.command],
      ['the record, checked from its files alone', verify],
    ] as const) {
      output.print(`\n${output.style('dim', `# ${what}`)}\n${line}`);
    }
    output.print();
  });
}

/** What a running gateway cannot change is named, and stays as it was. */
async function reload({ gateway }: Serving, options: StartOptions, log: Logger): Promise<void> {
  try {
    const before = gateway.config;
    const config = readConfig(options);
    await gateway.reload(config);
    const needsRestart = fixedParts(before, config);
    const warnings = [...config.warnings, ...termsWarnings(config, gateway.terms.pack)];
    log.info({ needsRestart, warnings }, 'configuration read again');
  } catch (thrown) {
    const { code, publicMessage } = asProvisoError(thrown);
    log.error({ code, err: thrown }, `the configuration stays as it was: ${publicMessage}`);
  }
}

function fixedParts(before: Config, after: Config): string[] {
  const parts: readonly (readonly [name: string, of: (config: Config) => unknown])[] = [
    ['listen', ({ listen }) => listen],
    ['dataDir', ({ dataDir }) => dataDir],
    ['ledger.dir', ({ ledger }) => ledger.dir],
    ['ledger.origin', ({ ledger }) => ledger.origin],
    ['ledger.signatures', ({ ledger }) => ledger.signatures],
    ['ledger.witnesses', ({ ledger }) => ledger.witnesses],
    ['telemetry', ({ telemetry }) => telemetry],
    ['console', ({ console }) => console],
    ['limits.headerBytesMax', ({ limits }) => limits.headerBytesMax],
    ['limits.requestWaitMsMax', ({ limits }) => limits.requestWaitMsMax],
    ['limits.connectionsMax', ({ limits }) => limits.connectionsMax],
    ['limits.drainWaitMsMax', ({ limits }) => limits.drainWaitMsMax],
  ];
  return parts
    .filter(([, of]) => JSON.stringify(of(before)) !== JSON.stringify(of(after)))
    .map(([name]) => name);
}
