/** `proviso ledger disclose`: chosen fields of chosen entries, in a file that anyone can verify. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { ProvisoError } from '#base/errors.ts';
import { type NoteSigner, parseSignerKey } from '#base/note.ts';
import type { Question } from '#disclosure/choose.ts';
import { disclose } from '#disclosure/disclose.ts';
import type { Bound } from '#disclosure/range.ts';
import { sdJwtOf } from '#disclosure/sd-jwt.ts';
import { FILTER_NAMES, parseWhere } from '#disclosure/verify/where.ts';
import { dirOf } from '#ledger/archive.ts';
import { list } from './arguments.ts';
import { type AuditedOptions, auditedLedger, masterKeyOf, withAudited } from './audited.ts';
import { examples, type JsonOption, run } from './command.ts';
import { EXIT, type ExitCode } from './exit.ts';
import type { Output } from './output.ts';
import { withProgress } from './progress.ts';
import { describeSentences } from './verdict-words.ts';

interface DiscloseOptions extends AuditedOptions, JsonOption {
  readonly where?: readonly string[];
  readonly fields: readonly string[];
  readonly complete?: boolean;
  readonly from?: Bound;
  readonly to?: Bound;
  readonly out: string;
  readonly sdJwt?: string;
}

/** A disclosure has private values in clear: whoever made it decides who reads it. */
const OWNER_ONLY = 0o600;

export function defineDisclose(command: Command): void {
  examples(
    withAudited(command.command('disclose'))
      .summary('show chosen fields of chosen entries, and nothing else')
      .description(
        'Writes a file that shows chosen fields of chosen entries, with the proof that they are in\n' +
          'the ledger, to anyone who has the verifier key; `proviso verify` checks it. With --complete\n' +
          'it shows every entry of the range, so that it also proves what is not there.\n' +
          'Public facts of a shown entry are always in it. Private values are shown whole: a\n' +
          'decision has `caller`, `content` and `facts`.',
      )
      .option('--where <filter>', `name=value,…; of ${FILTER_NAMES.join(', ')}`, filters)
      .requiredOption(
        '--fields <names>',
        'public facts and private values, such as effect,caller',
        list,
      )
      .option('--complete', 'every entry of the range, so that none can be missing')
      .option('--from <start>', 'the first entry: its number, or an instant', bound)
      .option(
        '--to <end>',
        'the first entry that is no longer meant: its number, or an instant',
        bound,
      )
      .requiredOption('--out <file>', 'where to write the disclosure')
      .option('--sd-jwt <file>', 'also as an SD-JWT, signed with the ledger’s key')
      .action((folder: string | undefined, options: DiscloseOptions) =>
        run(options, (output) => discloseTo(folder, options, output)),
      ),
    [
      'proviso ledger disclose --where effect=deny --fields caller,effect,rules --out denied.json',
      'proviso ledger disclose --where provider=acme --complete --fields targets \\',
      '    --from 2027-01-01 --to 2027-02-01 --out no-call-to-acme.json',
    ],
  );
}

async function discloseTo(
  folder: string | undefined,
  options: DiscloseOptions,
  output: Output,
): Promise<ExitCode> {
  const audited = await auditedLedger(folder, options);
  const { place, log } = audited;
  const source = { place, log, masterKey: () => masterKeyOf(audited) };
  const question = questionOf(options);
  const signer = options.sdJwt === undefined ? undefined : await signerOf(dirOf(place));
  const disclosure = await withProgress('entries', (onProgress) =>
    disclose(source, question, onProgress),
  );
  await writeFile(options.out, disclosure.text, { mode: OWNER_ONLY });
  if (options.sdJwt !== undefined && signer) {
    const token = sdJwtOf(disclosure, signer, Date.now());
    await writeFile(options.sdJwt, `${token}\n`, { mode: OWNER_ONLY });
  }
  const { where, fields, isComplete } = question;
  const { sha256, entries, verdict } = disclosure;
  output.result(
    {
      file: options.out,
      sha256,
      ...(options.sdJwt === undefined ? {} : { sdJwt: options.sdJwt }),
      entries: entries.map(({ index }) => index),
      fields,
      where,
      complete: isComplete,
      shown: verdict.shown,
      notShown: verdict.notShown,
    },
    () => {
      output.facts([
        ['disclosure', options.out],
        ['sha256', sha256],
      ]);
      describeSentences(verdict, output);
      output.print();
      output.print(`proviso verify ${options.out} --key '${log.text}'`);
    },
  );
  return EXIT.yes;
}

function questionOf({ where = [], fields, complete, from, to }: DiscloseOptions): Question {
  return { where, fields, isComplete: complete === true, from, to };
}

async function signerOf(dir: string): Promise<NoteSigner> {
  const path = join(dir, 'keys/ledger.key');
  try {
    return parseSignerKey((await readFile(path, 'utf8')).trim());
  } catch (cause) {
    const words = `An SD-JWT is signed with the ledger’s key, and \`${path}\` cannot be read.`;
    throw new ProvisoError('usage_invalid', words, { at: path, cause });
  }
}

function filters(text: string, before: readonly string[] = []): readonly string[] {
  try {
    const filter = parseWhere(text).map(({ name, value }) => `${name}=${value}`);
    return [...before, filter.join(',')];
  } catch (error) {
    if (error instanceof ProvisoError) throw new InvalidArgumentError(error.publicMessage);
    throw error;
  }
}

function bound(text: string): Bound {
  if (/^\d{1,15}$/.test(text)) return { entry: Number(text) };
  const isInstant = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?$/.test(text);
  const at = isInstant ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(at)) return { at };
  throw new InvalidArgumentError(
    'Give the number of an entry, a day (2030-01-31) or an instant (2030-01-31T12:00:00Z).',
  );
}
