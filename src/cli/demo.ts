/**
 * `proviso demo`: the whole job, once, on this machine and with nobody else's help: a gateway with
 * a made-up provider for each protocol, asked by the vendors' own clients; then the ledger, checked
 * from its files with nothing but the verifier key.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { destination, pino } from 'pino';
import { stringify } from 'yaml';
import { createKey } from '#admin/operations/keys.ts';
import { parseVerifierKey } from '#base/note.ts';
import type { Config } from '#config/config.ts';
import { parseConfig } from '#config/load.ts';
import type { LedgerReport } from '#ledger/verify.ts';
import { loadPack } from '#terms/pack.ts';
import { PROTOCOLS } from '#wire/exchange.ts';
import { examples, fromValidity, type JsonOption, run, withJson } from './command.ts';
import { signedCall } from './demo-approval.ts';
import { demoCases, modelOf } from './demo-cases.ts';
import { demoClients } from './demo-clients.ts';
import { type Asked, DemoRecord, type DemoRow } from './demo-record.ts';
import type { ExitCode } from './exit.ts';
import { verifyWithProgress } from './ledger-verify.ts';
import type { Output } from './output.ts';
import { withProgress } from './progress.ts';
import { serve } from './serve.ts';

interface DemoOptions extends JsonOption {
  readonly keep?: string;
}

export function define(command: Command): void {
  examples(
    withJson(command)
      .description(
        'Starts a gateway on a free port with a made-up provider for each protocol, asks it with the\n' +
          'official clients of OpenAI, Anthropic and Google, stops it, and verifies its ledger from the\n' +
          'files. Exits with 0 only if every call went as it should. Needs no network and no keys.',
      )
      .option('--keep <folder>', 'keep the data there, instead of removing it at the end')
      .action((options: DemoOptions) => run(options, (output) => demo(options, output))),
    ['proviso demo', 'proviso demo --keep demo-data --json'],
  );
}

async function demo({ keep }: DemoOptions, output: Output): Promise<ExitCode> {
  const folder = keep === undefined ? mkdtempSync(join(tmpdir(), 'proviso-demo-')) : resolve(keep);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  try {
    const config = demoConfig(folder);
    const { asked, signed, verifierKey } = await askAll(config);
    const report = await verifyWithProgress(config.ledger.dir, verifierKey);
    const protocolOf = new Map(config.providers.map(({ name, protocol }) => [name, protocol]));
    const record = await DemoRecord.read(
      config.ledger.dir,
      parseVerifierKey(verifierKey),
      protocolOf,
    );
    const rows = [...asked.flatMap((one) => record.rows(one)), signed];
    const isVerified = report.isSound && report.openDecisions.length === 0;
    output.result(
      {
        calls: rows.map(documentOf),
        ledger: { size: report.size, verified: isVerified },
      },
      () => describe(rows, report, config, keep === undefined ? undefined : verifierKey, output),
    );
    return fromValidity(isVerified && rows.every(({ problem }) => problem === undefined));
  } finally {
    if (keep === undefined) rmSync(folder, { recursive: true, force: true });
  }
}

/** Four sandboxes, each behind one protocol; everything else as in a first start. */
function demoConfig(folder: string): Config {
  const providers = PROTOCOLS.map((protocol) => [
    `sandbox-${protocol}`,
    { kind: 'sandbox', protocol, models: [modelOf(protocol)] },
  ]);
  const text = stringify({
    listen: { port: 0 },
    dataDir: folder,
    providers: Object.fromEntries(providers),
    telemetry: { logLevel: 'error' },
    // Nobody is there to approve: what is held is told by reference, at once.
    oversight: { onHold: 'reference', streamWaitMsMax: 0 },
  });
  return parseConfig(text, join(folder, 'proviso.yaml'), {});
}

async function askAll(config: Config): Promise<{
  readonly asked: readonly Asked[];
  readonly signed: DemoRow;
  readonly verifierKey: string;
}> {
  const log = pino({ level: config.telemetry.logLevel }, destination({ dest: 2, sync: true }));
  const serving = await serve(config, log);
  try {
    const { key } = await serving.control.ask(createKey, {
      caller: 'demo',
      owner: 'whoever runs the demo',
      organisation: 'local',
      teams: [],
      clearance: 0,
      purposes: [],
    });
    const cases = demoCases(demoClients(serving.address, key));
    const asked: Asked[] = [];
    await withProgress('asking', async (report) => {
      for (const one of cases) {
        report(asked.length, cases.length);
        const heard = await one.client
          .ask(one.question)
          .catch((thrown: unknown) => asError(thrown));
        asked.push({ case: one, heard });
      }
    });
    const signed = await signedCall(serving, key);
    return { asked, signed, verifierKey: serving.gateway.ledger.verifierKey };
  } finally {
    await serving.stop();
  }
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}

function documentOf({ protocolIn, protocolOut, streamed, decision, rules, ...more }: DemoRow) {
  const { sdk, asked, entry, problem } = more;
  return {
    protocolIn,
    protocolOut,
    streamed,
    decision,
    rules,
    sdk,
    asked,
    entry,
    ...(problem === undefined ? {} : { problem }),
  };
}

function describe(
  rows: readonly DemoRow[],
  { size, isSound, faults }: LedgerReport,
  config: Config,
  keptKey: string | undefined,
  output: Output,
): void {
  describeRows(rows, config, output);
  output.print();
  const wrong = rows.filter(({ problem }) => problem !== undefined).length;
  output.print(
    wrong === 0
      ? output.style('good', `${rows.length} decisions, each as it should be.`)
      : output.style('bad', `${wrong} of ${rows.length} decisions are not as they should be.`),
  );
  output.print(
    isSound
      ? output.style('good', `The ledger of ${size} entries verifies from its files.`)
      : output.style('bad', `The ledger does not verify: ${faults[0]?.problem ?? ''}`),
  );
  if (keptKey === undefined) return;
  output.print(`\nproviso ledger show --ledger ${config.ledger.dir}`);
  output.print(`proviso ledger verify ${config.ledger.dir} --key '${keptKey}'`);
}

/** Rows that differ only in where the call went, and whether it streamed, are one. */
function describeRows(rows: readonly DemoRow[], config: Config, output: Output): void {
  const { clauses, rules, redLines } = loadPack(config.termsDir);
  const clauseOf = new Map(
    [...rules, ...redLines].map(({ policy, clause }) => [policy.id, clause]),
  );
  const why = ({ problem, rules }: DemoRow): string => {
    if (problem !== undefined) return output.style('bad', `NOT AS IT SHOULD BE: ${problem}`);
    const titles = rules.map((id) => clauses.get(clauseOf.get(id) ?? '')?.title ?? id);
    return [...new Set(titles)].join('\n');
  };
  const groups = Map.groupBy(rows, ({ sdk, asked, protocolIn, decision, rules, problem }) =>
    JSON.stringify([sdk, asked, protocolIn, decision, rules, problem]),
  );
  output.table(
    ['client', 'asked', 'protocol in → out', 'streamed', 'decision', 'rules', 'clause'],
    [...groups.values()].flatMap((group) => {
      const [row] = group;
      if (!row) return [];
      return [
        [
          row.sdk,
          row.asked,
          `${row.protocolIn} → ${wordsOf(group.map(({ protocolOut }) => protocolOut))}`,
          wordsOf(group.map(({ streamed }) => (streamed ? 'yes' : 'no'))),
          output.style(TONES[row.decision] ?? 'bad', row.decision),
          row.rules.join('\n'),
          why(row),
        ],
      ];
    }),
  );
}

function wordsOf(words: readonly string[]): string {
  const distinct = [...new Set(words)];
  return distinct.length === PROTOCOLS.length ? 'each' : distinct.join(', ');
}

const TONES: Readonly<Record<string, 'good' | 'bad' | 'warn'>> = {
  permit: 'good',
  deny: 'bad',
  hold: 'warn',
};
