/** `proviso terms prove`: floor ⊆ terms ⊆ ceiling, by solver, with examples of what is not so. */
import type { Command } from 'commander';
import type { Pack } from '#terms/pack.ts';
import { type PackProof, type ProofProblem, provePack } from '#terms/prove/prove-pack.ts';
import { Prover } from '#terms/prove/prover.ts';
import { requestWords } from '#terms/prove/words.ts';
import { examples, type JsonOption, run, withJson } from './command.ts';
import { EXIT, type ExitCode } from './exit.ts';
import type { Output } from './output.ts';
import { withProgress } from './progress.ts';
import { type ProverOptions, withProver, withSolver } from './prover-options.ts';

interface ProveOptions extends JsonOption, ProverOptions {
  readonly against?: string;
}

/** @param readPack tells what is wrong with a pack itself, and then gives none */
export function defineProve(
  command: Command,
  readPack: (dir: string, output: Output) => Pack | undefined,
): void {
  examples(
    withJson(withProver(command.command('prove').argument('<pack>', 'the folder of a terms pack')))
      .option('--against <old>', 'the version in force, whose red lines and assurances bind')
      .summary('do the rules keep the red lines and the assurances?')
      .description(
        'Proves that the rules permit nothing that a red line forbids and everything that an\n' +
          'assurance promises, that these do not contradict each other, that each can apply, and\n' +
          'that no forbid can err. Exits with 0 when all is proven, 2 when something is not so, and\n' +
          '1 when something could not be proven either way.',
      )
      .action((dir: string, options: ProveOptions) =>
        run(options, async (output) => {
          const pack = readPack(dir, output);
          if (!pack) return EXIT.no;
          if (options.against === undefined) return prove(pack, undefined, options, output);
          const old = readPack(options.against, output);
          return old ? prove(pack, old, options, output) : EXIT.no;
        }),
      ),
    [
      'proviso terms prove examples/terms/restricted-use',
      'proviso terms prove new/ --against examples/terms/restricted-use',
    ],
  );
}

async function prove(
  pack: Pack,
  old: Pack | undefined,
  options: ProveOptions,
  output: Output,
): Promise<ExitCode> {
  return withSolver(options, async (solver) => {
    const prover = new Prover(pack.schema, solver);
    const proof = await withProgress('proven', (report) => provePack(prover, pack, old, report));
    show(pack, old, proof, output);
    if (proof.verdict === 'proven') return EXIT.yes;
    return proof.verdict === 'not proven' ? EXIT.no : EXIT.couldNot;
  });
}

function show(pack: Pack, old: Pack | undefined, proof: PackProof, output: Output): void {
  const { id, version, hash } = pack;
  const against = old && { id: old.id, version: old.version, hash: old.hash };
  output.result({ id, version, hash, ...(against && { against }), ...proof }, () => {
    for (const alike of byRule(proof.problems)) showProblem(alike, output);
    output.facts([
      ['terms', `${id} ${version}`],
      ...(old ? [['against', `${old.id} ${old.version}`] as const] : []),
      ['red lines', String(pack.redLines.length)],
      ['assurances', String(pack.assurances.length)],
    ]);
    const style = proof.verdict === 'proven' ? 'good' : 'bad';
    output.print(output.style(style, proof.verdict));
  });
}

/** What is wrong with one rule in one way, in each kind of request where it is. */
function byRule(problems: readonly ProofProblem[]): readonly (readonly ProofProblem[])[] {
  const groups = Map.groupBy(problems, ({ result, message }) => `${result} ${message}`);
  return [...groups.values()];
}

function showProblem([problem, ...others]: readonly ProofProblem[], output: Output): void {
  if (!problem) return;
  const { result, rule, clause, message, example } = problem;
  const mark = output.style(result === 'refuted' ? 'bad' : 'warn', result);
  output.print(`${mark}  ${rule} (clause ${clause})`);
  output.print(`  ${message}`);
  if (example) {
    output.print('  For example:');
    for (const line of requestWords(example)) output.print(`    ${line}`);
  }
  const actions = others.flatMap(({ environment }) => (environment ? [environment.action] : []));
  if (actions.length > 0) output.print(`  Likewise for ${[...new Set(actions)].join(', ')}.`);
  output.print();
}
