/** `proviso ledger search`: entries by who called, what for, what was decided and when. */
import type { Command } from 'commander';
import { type FoundEntry, type SearchResult, search } from '#audit/search.ts';
import { targeted } from '#audit/search-tags.ts';
import type { JsonValue } from '#base/json.ts';
import { instantOrSpanAgo, wholeNumber } from './arguments.ts';
import {
  type AuditedOptions,
  auditedLedger,
  describeElsewhere,
  masterKeyOf,
  withAudited,
} from './audited.ts';
import { examples, type JsonOption, run } from './command.ts';
import { instant } from './entry-words.ts';
import { EXIT, type ExitCode } from './exit.ts';
import type { Output } from './output.ts';
import { withProgress } from './progress.ts';

const SHOWN = 50;

interface SearchOptions extends AuditedOptions, JsonOption {
  readonly caller?: string;
  readonly purpose?: string;
  readonly provider?: string;
  readonly effect?: string;
  readonly rule?: string;
  readonly kind?: string;
  readonly from?: number;
  readonly to?: number;
  readonly before?: number;
  readonly limit: number;
  readonly vault: boolean;
}

export function defineSearch(command: Command): void {
  const number = wholeNumber(0, Number.MAX_SAFE_INTEGER);
  examples(
    withAudited(command.command('search'))
      .option('--caller <name>', 'who called, or whom a key was made for')
      .option('--purpose <id>', 'what for')
      .option('--provider <name>', 'a provider that the decision covers, or that was asked')
      .option('--effect <word>', 'what was decided or came of it: permit, deny, answered, lost …')
      .option('--rule <id>', 'a rule that determined the decision')
      .option('--kind <kind>', 'decision, terms, key, purpose, start …')
      .option(
        '--from <instant>',
        'not before: 2030-01-31, an instant, or a time ago (12h, 90d)',
        at,
      )
      .option('--to <instant>', 'before that', at)
      .option('--before <entry>', 'only entries before this one, to see more', number)
      .option('-n, --limit <count>', 'how many at most', wholeNumber(1, 10_000), SHOWN)
      .option('--no-vault', 'without the vault: nothing is said or found of who called')
      .summary('find entries')
      .description(
        'Finds calls and other entries, newest first. Each is held to the signed log before it is\n' +
          'shown, and who called to its commitment. The index lies beside the ledger and is brought\n' +
          'up to date first; it names nobody, and deleting it loses nothing.',
      )
      .action((folder: string | undefined, options: SearchOptions) =>
        run(options, (output) => searchLedger(folder, options, output)),
      ),
    [
      'proviso ledger search --effect deny --from 7d',
      'proviso ledger search --caller agent-1 --purpose minutes --json',
      'proviso ledger search --rule tracking-persons copy/ledger',
    ],
  );
}

function at(text: string): number {
  return Date.parse(instantOrSpanAgo(text));
}

async function searchLedger(
  folder: string | undefined,
  options: SearchOptions,
  output: Output,
): Promise<ExitCode> {
  const audited = await auditedLedger(folder, options);
  const { caller, purpose, provider, effect, rule, kind, from, to, before, limit } = options;
  const asked = { caller, purpose, provider, effect, rule, kind, from, to, before };
  const given = Object.fromEntries(
    Object.entries(asked).filter(([, value]) => value !== undefined),
  );
  const masterKey = options.vault ? await masterKeyOf(audited) : undefined;
  const found = await withProgress('indexing', (onProgress) =>
    search({ ...audited, masterKey }, { ...given, limit }, onProgress),
  );
  output.result(documentOf(found), () => describe(found, output));
  return EXIT.yes;
}

function documentOf({ entries, ...found }: SearchResult) {
  return {
    ...found,
    entries: entries.map((found) => {
      return 'at' in found ? { ...found, at: new Date(found.at).toISOString() } : found;
    }),
  };
}

function describe(found: SearchResult, output: Output): void {
  const { origin, size, entries, hasMore } = found;
  const rows = entries.map((each) => {
    return 'at' in each ? rowOf(each) : [String(each.entry), '', '', '', '', '', 'archived'];
  });
  if (rows.length > 0) {
    output.table(['entry', 'time', 'kind', 'effect', 'caller', 'purpose', 'about'], rows);
  }
  const elsewhere = entries.find((each) => 'elsewhere' in each);
  if (elsewhere && 'elsewhere' in elsewhere) {
    output.print(output.style('warn', elsewhere.elsewhere));
  }
  describeElsewhere(found.elsewhere, output);
  const last = entries.at(-1);
  const more = hasMore && last ? `; more with --before ${last.entry}` : '';
  const count = `${entries.length} of ${size} entries of ${origin}, each as the log has it${more}`;
  output.print(output.style('dim', count));
}

function rowOf({ entry, at, kind, public: facts, caller, outcome }: FoundEntry): string[] {
  const effects = [facts['effect'] ?? facts['action'], outcome?.public['outcome']];
  const about =
    kind === 'decision'
      ? [...targeted(facts), ...words(facts['rules'], facts['code'])]
      : words(facts['id'], facts['version']);
  return [
    String(entry),
    instant(at),
    kind,
    words(...effects).join(', '),
    caller ?? '',
    words(kind === 'purpose' ? facts['id'] : facts['purpose']).join(),
    about.join('  '),
  ];
}

/** Texts, and the texts of lists. */
function words(...values: readonly (JsonValue | undefined)[]): string[] {
  return values.flat().filter((value) => typeof value === 'string');
}
