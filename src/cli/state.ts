/** `proviso state`: what is built from the ledger, built anew. */
import type { Command } from 'commander';
import { rebuildProjection, rebuildSearchIndex } from '#audit/rebuild.ts';
import { dirOf } from '#ledger/archive.ts';
import { type AuditedOptions, auditedLedger, masterKeyOf } from './audited.ts';
import { examples, type JsonOption, run, withInstance, withJson } from './command.ts';
import { EXIT, type ExitCode } from './exit.ts';
import type { Output } from './output.ts';
import { withProgress } from './progress.ts';

interface RebuildOptions extends AuditedOptions, JsonOption {
  readonly search?: boolean;
}

export function define(command: Command): void {
  examples(
    withJson(withInstance(command.command('rebuild')))
      .option('--search', 'the search index alone, also while a gateway runs')
      .summary('build the databases anew, from the ledger')
      .description(
        'Throws away the projection and the search index, and builds both anew from the ledger:\n' +
          'they hold nothing of their own. The projection is in use while a gateway runs, so stop\n' +
          'it first.',
      )
      .action((options: RebuildOptions) => run(options, (output) => rebuild(options, output))),
    ['proviso state rebuild', 'proviso state rebuild --search --data proviso-data'],
  );
}

async function rebuild(options: RebuildOptions, output: Output): Promise<ExitCode> {
  const audited = await auditedLedger(undefined, options);
  const masterKey = await masterKeyOf(audited);
  const projection = options.search
    ? undefined
    : await rebuildProjection(dirOf(audited.place), audited.log);
  const indexed = await withProgress('indexed', (onProgress) =>
    rebuildSearchIndex({ ...audited, masterKey }, onProgress),
  );
  output.result({ ...(projection && { projection }), searchIndex: { size: indexed } }, () => {
    if (projection) {
      const { size, openDecisions } = projection;
      output.print(`projection    ${size} entries, ${openDecisions} open decisions`);
    }
    output.print(`search index  ${indexed} entries`);
  });
  return EXIT.yes;
}
