/** `proviso terms sign`: a party's signature on a pack, put beside it. */
import type { Command } from 'commander';
import { ProvisoError } from '#base/errors.ts';
import type { NoteVerifier } from '#base/note.ts';
import type { Pack } from '#terms/pack.ts';
import { signingParties } from '#terms/parties.ts';
import { type Statement, signStatement } from '#terms/signature.ts';
import { writeSignatureFile } from '#terms/signature-files.ts';
import { list } from './arguments.ts';
import { examples, type JsonOption, run, withJson } from './command.ts';
import { EXIT, type ExitCode } from './exit.ts';
import type { Output } from './output.ts';
import { readPartyKey } from './party.ts';

interface SignOptions extends JsonOption {
  readonly as: string;
  readonly key: string;
  readonly against?: string;
  readonly release: readonly string[];
}

/** @param readPack tells what is wrong with a pack itself, and then gives none */
export function defineSign(
  command: Command,
  readPack: (dir: string, output: Output) => Pack | undefined,
): void {
  examples(
    withJson(command.command('sign').argument('<pack>', 'the folder of a terms pack'))
      .summary('sign a pack for a party')
      .description(
        'Signs that a party agrees that this pack, by its hash, comes into force. The signature is a\n' +
          'file in `signatures/`, which is no part of the pack; send it to whoever brings it into force.',
      )
      .requiredOption('--as <party>', 'the party’s id in terms.yaml')
      .requiredOption(
        '--key <file>',
        'the secret half of a key, as `proviso party key create` made it',
      )
      .option('--against <old>', 'the version in force: for a key that it names, and to release')
      .option(
        '--release <ids>',
        'red lines and assurances of that version that the pack may change',
        list,
        [],
      )
      .action((dir: string, options: SignOptions) =>
        run(options, (output) => {
          const pack = readPack(dir, output);
          if (!pack) return EXIT.no;
          if (options.against === undefined) return sign(dir, pack, undefined, options, output);
          const old = readPack(options.against, output);
          if (!old) return EXIT.no;
          return sign(dir, pack, old, options, output);
        }),
      ),
    [
      'proviso terms sign my-terms --as supplier --key supplier.key',
      'proviso terms sign my-terms --as supplier --key supplier.key --against old-terms --release no-force',
    ],
  );
}

function sign(
  dir: string,
  pack: Pack,
  old: Pack | undefined,
  options: SignOptions,
  output: Output,
): ExitCode {
  const signer = readPartyKey(options.key);
  requireKey(signer.verifier, options, pack, old);
  const { id, version, title, hash } = pack;
  const releases = releasesOf(options, old);
  const at = Date.now();
  const statement = { party: options.as, terms: { id, version, hash }, at, releases };
  const file = writeSignatureFile(
    dir,
    options.as,
    signer.verifier,
    signStatement(statement, signer),
  );
  const document = { party: options.as, key: signer.verifier.text, ...statement.terms, file };
  output.result(
    { ...document, at: new Date(at).toISOString(), ...(releases && { releases }) },
    () => {
      output.facts([
        ['party', options.as],
        ['terms', `${id} ${version}: ${title}`],
        ['hash', hash],
        ...(releases
          ? [['releases', `${releases.rules.join(', ')} of ${releases.from}`] as const]
          : []),
        ['file', `${dir}/${file}`],
      ]);
      output.print(output.style('good', 'signed'));
    },
  );
  return EXIT.yes;
}

/** A signature by a key that no version names would be worth nothing, and look like one. */
function requireKey(
  { text }: NoteVerifier,
  { as: party, against }: SignOptions,
  pack: Pack,
  old: Pack | undefined,
): void {
  const named = [pack, ...(old ? [old] : [])].flatMap(({ manifest }) =>
    signingParties(manifest).filter(({ id }) => id === party),
  );
  if (named.some(({ keys }) => keys.some((key) => key.text === text))) return;
  const hint =
    against === undefined ? '; if the version in force does, name it with `--against`' : '';
  throw new ProvisoError(
    'usage_invalid',
    `terms.yaml does not name this key for a party \`${party}\`: ${text}${hint}.`,
  );
}

function releasesOf({ release }: SignOptions, old: Pack | undefined): Statement['releases'] {
  if (release.length === 0) return undefined;
  if (!old) {
    throw new ProvisoError(
      'usage_invalid',
      'What is released is of a version: name it with `--against`.',
    );
  }
  const known = [...old.redLines, ...old.assurances].map(({ policy }) => policy.id);
  const unknown = release.find((id) => !known.includes(id));
  if (unknown === undefined) return { from: old.hash, rules: [...new Set(release)].sort() };
  throw new ProvisoError(
    'usage_invalid',
    `That version has no red line or assurance \`${unknown}\`; it has ${known.join(', ')}.`,
  );
}
