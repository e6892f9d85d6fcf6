/** `proviso ledger monitor` and `evidence`: a log followed from outside, and what was found. */
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { asProvisoError, ProvisoError } from '#base/errors.ts';
import { parseLogKey } from '#ledger/cosignature.ts';
import { readPolicy } from '#ledger/policy.ts';
import { hashToBase64 } from '#ledger/tree.ts';
import { headsElsewhere } from '#witness/elsewhere.ts';
import { Http } from '#witness/http.ts';
import { type Look, Monitor } from '#witness/monitor.ts';
import { RemoteLog } from '#witness/remote-log.ts';
import { verifySplitView } from '#witness/split-view.ts';
import { wholeNumber } from './arguments.ts';
import { examples, type JsonOption, run, withJson } from './command.ts';
import { instant } from './entry-words.ts';
import { EXIT, type ExitCode } from './exit.ts';
import type { Output } from './output.ts';
import { withProgress } from './progress.ts';
import { stopSignal } from './signals.ts';

const LOOK_AGAIN_MS = 1_000;
const INTERVAL_S = 10;
/** What was told last, where nothing was in the way. */
const READ = 'read';

interface MonitorOptions extends JsonOption {
  readonly key: string;
  readonly policy?: string;
  readonly dir?: string;
  readonly once?: boolean;
  readonly interval: number;
}

export function defineMonitor(command: Command): void {
  const monitoring = command
    .command('monitor')
    .summary('follow a log from outside: does it only grow?')
    .description(
      'Reads a log at its address, checks every entry and tile of it, and keeps what it saw. Each\n' +
        'new head must continue it. Exits with 2, and leaves the signed heads as evidence, when the\n' +
        'log forks, goes back, or serves what its key did not sign.',
    )
    .argument('<url>', 'the log’s address, such as https://proviso.example.org/ledger/')
    .requiredOption('--key <vkey>', 'the log’s verifier key, from whoever you trust to know it')
    .option(
      '--policy <file>',
      'a witness policy: its quorum for each head, and what its witnesses hold',
    )
    .option('--dir <folder>', 'where what it saw is kept (./proviso-monitor/NAME-OF-THE-LOG)')
    .option('--once', 'look once, and end')
    .option('--interval <seconds>', 'between two looks', wholeNumber(1, 86_400), INTERVAL_S)
    .action((url: string, options: MonitorOptions) =>
      run(options, (output) => monitor(url, options, output)),
    );
  examples(withJson(monitoring), [
    'proviso ledger monitor https://proviso.example.org/ledger/ --key "$(cat trusted.pub)"',
    'proviso ledger monitor https://proviso.example.org/ledger/ --key "$KEY" --once --json',
  ]);

  const checking = command
    .command('evidence')
    .summary('does this file show that a log forked?')
    .description(
      'Checks a split view that a monitor, a witness or a gateway left: two heads that one key\n' +
        'signed, of which the greater does not begin with the smaller. Exits with 0 when it is shown.',
    )
    .argument('<file>', 'the evidence')
    .option('--key <vkey>', 'the log’s verifier key; without it, that of the file is believed')
    .action((file: string, options: JsonOption & { readonly key?: string }) =>
      run(options, (output) => evidence(file, options.key, output)),
    );
  examples(withJson(checking), ['proviso ledger evidence split-view-400-700.json --key "$KEY"']);
}

async function monitor(url: string, options: MonitorOptions, output: Output): Promise<ExitCode> {
  const { key, policy, interval } = options;
  const log = parseLogKey(key);
  if (!/^https?:\/\//.test(url) || !URL.canParse(url)) {
    throw new ProvisoError('usage_invalid', `\`${url}\` is no address of a log.`);
  }
  const dir = resolve(options.dir ?? join('proviso-monitor', folderNameOf(log.name)));
  const http = new Http();
  let onProgress = (_done: number, _total: number): void => undefined;
  try {
    const witnessed = policy === undefined ? undefined : await readPolicy(policy);
    const following = await Monitor.open({
      dir,
      log,
      remote: new RemoteLog(url, http),
      policy: witnessed,
      elsewhere: async () => (witnessed ? headsElsewhere(log, witnessed, http) : []),
      lookAgainMs: LOOK_AGAIN_MS,
      onProgress: (done, total) => onProgress(done, total),
    });
    const look = (): Promise<Look> =>
      withProgress('checking', (report) => {
        onProgress = report;
        return following.look();
      });
    if (options.once) return tell(await look(), log.name, dir, output);
    return await follow(look, interval * 1_000, { origin: log.name, dir, output });
  } finally {
    await http.close();
  }
}

/** One name for each log, and none that leads elsewhere. */
function folderNameOf(origin: string): string {
  return encodeURIComponent(origin).replace(/^\./, '%2E');
}

/** A line for each new head, and at the end what is wrong. */
async function follow(
  look: () => Promise<Look>,
  intervalMs: number,
  { origin, dir, output }: { origin: string; dir: string; output: Output },
): Promise<ExitCode> {
  const stopping = stopSignal();
  let told = '';
  while (!stopping.aborted) {
    try {
      const found = await look();
      if (!found.isConsistent) return tellFinding(found, origin, output, true);
      if (told !== '' && told !== READ) output.note('It can be read again.');
      if (found.added > 0 || told === '') tellHead(found, output);
      told = READ;
    } catch (thrown) {
      const { code, publicMessage } = asProvisoError(thrown);
      if (code !== 'log_unreachable') throw thrown;
      if (told !== publicMessage) output.note(publicMessage);
      told = publicMessage;
    }
    await sleep(intervalMs, undefined, { signal: stopping }).catch(() => undefined);
  }
  output.note(`Stopped; what was seen is in ${dir}.`);
  return EXIT.yes;
}

type Good = Extract<Look, { isConsistent: true }>;
type Bad = Extract<Look, { isConsistent: false }>;

function tell(look: Look, origin: string, dir: string, output: Output): ExitCode {
  if (!look.isConsistent) return tellFinding(look, origin, output, false);
  const { added, checkpoint, witnesses } = look;
  const { size } = checkpoint;
  output.result({ ...documentOf(look), dir }, () => {
    output.facts([
      ['log', origin],
      ['entries', `${size}, of which ${added} are new`],
      ['root', hashToBase64(checkpoint.root)],
      ...(witnesses.length === 0 ? [] : [['cosigned by', witnesses.join(', ')] as const]),
      ['kept in', dir],
    ]);
    const before = size - added;
    const words = before === 0 ? 'seen for the first time' : `continues the ${before} seen before`;
    output.print(output.style('good', `checked: every entry and every tile; ${words}`));
  });
  return EXIT.yes;
}

function tellHead(look: Good, output: Output): void {
  const { checkpoint, added, witnesses } = look;
  if (output.isJson) return void process.stdout.write(`${JSON.stringify(documentOf(look))}\n`);
  const by = witnesses.length === 0 ? '' : `  cosigned by ${witnesses.join(', ')}`;
  const root = output.style('dim', hashToBase64(checkpoint.root));
  output.print(`${instant(Date.now())}  ${checkpoint.size} entries (+${added})  ${root}${by}`);
}

function tellFinding({ finding }: Bad, origin: string, output: Output, isLine: boolean): ExitCode {
  const { kind, problem, evidence } = finding;
  const document = { isConsistent: false, origin, finding: kind, problem, evidence };
  if (isLine && output.isJson) process.stdout.write(`${JSON.stringify(document)}\n`);
  else {
    output.result(document, () => {
      output.print(output.style('bad', `${WORDS[kind]}  ${problem}`));
      if (evidence !== undefined) output.facts([['evidence', evidence]]);
    });
  }
  return EXIT.no;
}

const WORDS = {
  split_view: 'split view',
  rolled_back: 'rolled back',
  not_as_signed: 'not as signed',
  not_signed: 'not signed',
  no_quorum: 'no quorum',
} as const satisfies Record<Bad['finding']['kind'], string>;

function documentOf({ checkpoint, added, witnesses }: Good) {
  const { origin, size, root } = checkpoint;
  return { isConsistent: true, origin, size, root: hashToBase64(root), added, witnesses };
}

async function evidence(file: string, key: string | undefined, output: Output): Promise<ExitCode> {
  const bytes = await readFile(file);
  try {
    const { log, heads } = verifySplitView(bytes, key);
    const shown = heads.map(({ size, root }) => ({ size, root: hashToBase64(root) }));
    output.result({ isShown: true, log: log.text, heads: shown }, () => {
      output.facts([
        ['log', log.name],
        ['key', log.text],
        ...shown.map(({ size, root }) => ['head', `${size} entries, root ${root}`] as const),
      ]);
      const trust = key === undefined ? ', if that key is the log’s: name it with --key' : '';
      output.print(output.style('good', `shown: this key signed two logs${trust}`));
    });
    return EXIT.yes;
  } catch (thrown) {
    const { code, publicMessage } = asProvisoError(thrown);
    if (code !== 'proof_invalid') throw thrown;
    output.result({ isShown: false, problem: publicMessage }, () => {
      output.print(output.style('bad', publicMessage));
    });
    return EXIT.no;
  }
}
