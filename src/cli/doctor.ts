/** `proviso doctor`: looks at everything that a gateway needs, and says what to do about it. */
import type { Command } from 'commander';
import { ProvisoError } from '#base/errors.ts';
import type { Config } from '#config/config.ts';
import {
  examples,
  fromValidity,
  type InstanceOptions,
  type JsonOption,
  run,
  withInstance,
  withJson,
} from './command.ts';
import { checkInstance } from './doctor-instance.ts';
import { checkProviders } from './doctor-providers.ts';
import { checkWitnesses } from './doctor-witnesses.ts';
import type { ExitCode } from './exit.ts';
import type { Finding } from './finding.ts';
import { readConfig } from './instance.ts';
import type { Output } from './output.ts';

type DoctorOptions = InstanceOptions & JsonOption;

export function define(command: Command): void {
  examples(
    withJson(withInstance(command))
      .description(
        'Looks at the configuration, the data folder, the terms, each provider, the clock, the\n' +
          'ledger and the gateway. Sends nothing but a request for each provider’s list of models.\n' +
          'Exits with 2 when something must be mended.',
      )
      .action((options: DoctorOptions) => run(options, (output) => examine(options, output))),
    ['proviso doctor', 'proviso doctor --config /etc/proviso/proviso.yaml --json'],
  );
}

async function examine(options: DoctorOptions, output: Output): Promise<ExitCode> {
  const findings: Finding[] = [];
  const found = (finding: Finding) => {
    findings.push(finding);
    output.print(line(finding, output));
    if (finding.advice !== undefined)
      output.print(`        ${''.padEnd(AREA_WIDTH)}${finding.advice}`);
  };
  const config = configuration(options, found);
  if (config) {
    const clocks = await checkProviders(config, found);
    await checkInstance(config, clocks, found);
    await checkWitnesses(config, found);
  }
  const failed = findings.filter(({ status }) => status === 'fail').length;
  output.result({ healthy: failed === 0, findings }, () => {
    output.print();
    output.print(
      failed === 0
        ? output.style('good', 'Nothing to mend.')
        : output.style('bad', `${failed} to mend.`),
    );
  });
  return fromValidity(failed === 0);
}

const AREA_WIDTH = 12;
const TONES = { ok: 'good', warn: 'warn', fail: 'bad' } as const;

function line({ area, status, message }: Finding, output: Output): string {
  return `${output.style(TONES[status], status.padEnd(6))}  ${area.padEnd(AREA_WIDTH)}${message}`;
}

function configuration(
  options: DoctorOptions,
  found: (finding: Finding) => void,
): Config | undefined {
  const area = 'config';
  try {
    const config = readConfig(options);
    found({ area, status: 'ok', message: config.file ?? 'no file: the defaults are in force' });
    for (const message of config.warnings) found({ area, status: 'warn', message });
    return config;
  } catch (thrown) {
    const problems = thrown instanceof ProvisoError ? thrown.facts['problems'] : undefined;
    if (!Array.isArray(problems)) throw thrown;
    for (const message of problems as readonly string[]) found({ area, status: 'fail', message });
    return undefined;
  }
}
