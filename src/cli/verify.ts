/** `proviso verify`: a disclosure, a proof or a checkpoint, with nothing but keys that are trusted. */
import { readFile, stat, writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { ProvisoError } from '#base/errors.ts';
import { DISCLOSURE_LIMITS } from '#base/limits.ts';
import { parseVerifierKey } from '#disclosure/verify/key.ts';
import { verifyFile } from '#disclosure/verify/verify.ts';
import { examples, fromValidity, type JsonOption, run, withJson } from './command.ts';
import { EXIT, type ExitCode } from './exit.ts';
import type { Output } from './output.ts';
import { describeVerdict } from './verdict-words.ts';

interface VerifyOptions extends JsonOption {
  readonly key?: readonly string[];
  readonly entry?: string;
  readonly page?: string;
}

export function define(command: Command): void {
  examples(
    withJson(command)
      .description(
        'Checks a disclosure, its SD-JWT, a tlog-proof or a checkpoint, offline, and says in words what\n' +
          'it shows and what it does not. Exits with 0 when all that the file says is shown under a key\n' +
          'that you named, and with 2 when it is not.',
      )
      .argument('[file]', 'the file')
      .option('--key <vkey>', 'a verifier key that you trust: of the ledger, of a witness', keys)
      .option('--entry <file>', 'of a tlog-proof: the bytes of the entry that it is about')
      .option('--page <file>', 'write the page that does the same in a browser, offline')
      .action((file: string | undefined, options: VerifyOptions) =>
        run(options, (output) => verify(file, options, output)),
      ),
    ['proviso verify answer.json --key "$(cat trusted.pub)"', 'proviso verify --page verify.html'],
  );
}

async function verify(
  file: string | undefined,
  { key = [], entry, page }: VerifyOptions,
  output: Output,
): Promise<ExitCode> {
  if (page !== undefined) return writePage(page, output);
  if (file === undefined) throw new ProvisoError('usage_invalid', 'Name the file to verify.');
  const keys = await Promise.all(key.map(parseVerifierKey));
  const verdict = await verifyFile(await readWithin(file), {
    keys,
    entry: entry === undefined ? undefined : await readWithin(entry),
  });
  output.result(verdict, () => describeVerdict(verdict, output));
  return fromValidity(verdict.isShown);
}

async function readWithin(file: string): Promise<Uint8Array> {
  const { size } = await stat(file);
  if (size <= DISCLOSURE_LIMITS.fileBytesMax) return readFile(file);
  throw new ProvisoError('usage_invalid', `\`${file}\` is too large for a disclosure.`, {
    at: file,
  });
}

async function writePage(out: string, output: Output): Promise<ExitCode> {
  await writeFile(out, await readPage());
  output.result({ page: out }, () =>
    output.print(`${out}: one file, which needs no network. Open it in a browser.`),
  );
  return EXIT.yes;
}

const BUILT = new URL('../../dist/verify/verify.html', import.meta.url);

async function readPage(): Promise<Buffer> {
  try {
    return await readFile(BUILT);
  } catch (cause) {
    const words = 'The page is not built; `npm run build:console` in Proviso’s folder builds it.';
    throw new ProvisoError('system_failed', words, { cause });
  }
}

function keys(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}
