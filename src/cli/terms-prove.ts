/** `proviso terms prove`: floor ⊆ terms ⊆ ceiling, by solver, with examples of what is not so. */
import type { Command } from 'commander';
import { ProvisoError } from '#base/errors.ts';
import type { Pack } from '#terms/pack.ts';
import { type PackProof, type ProofProblem, provePack } from '#terms/prove/prove-pack.ts';
import { Prover } from '#terms/prove/prover.ts';
import { lookedAtBy, requestSentence } from '#terms/prove/sentence.ts';
import { requestWords } from '#terms/prove/words.ts';
import { loadReplaced } from '#terms/replaced.ts';
import type { PackRule } from '#terms/rules.ts';
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
import type { Output } from './output.ts';
import { withProgress } from './progress.ts';
import { type ProverOptions, withProver, withSolver } from './prover-options.ts';
import { proveEntry } from './terms-prove-again.ts';
import { wrapped } from './wrapped.ts';

interface ProveOptions extends JsonOption, InstanceOptions, ProverOptions {
  readonly against?: string;
  readonly entry?: number;
}

/** @param readPack tells what is wrong with a pack itself, and then gives none */
export function defineProve(
  command: Command,
  readPack: (dir: string, output: Output) => Pack | undefined,
): void {
  examples(
    withJson(withInstance(withProver(command.command('prove').argument('[pack]', PACK))))
      .option('--entry <number>', 'an activation in the ledger, to prove again', entryNumber)
      .option(
        '--against <old>',
        'the version whose red lines and assurances bind, whatever `replaces` says',
      )
      .summary('do the rules keep the red lines and the assurances?')
      .description(
        'Proves that the rules permit nothing that a red line forbids and everything that an\n' +
          'assurance promises, that these do not contradict each other, that each can apply, and\n' +
          'that no forbid can err. Where terms.yaml says that the pack `replaces` another, which is\n' +
          'looked for by its hash in the folders beside it, the red lines and assurances of that one\n' +
          'bind too. Exits with 0 when all is proven, 2 when something is not so, and 1 when something\n' +
          'could not be proven either way. With `--entry` it takes an activation from the ledger’s\n' +
          'files, and the packs as they were stored, and compares all that was recorded.',
      )
      .action((dir: string | undefined, options: ProveOptions) =>
        run(options, async (output) => {
          if (options.entry !== undefined) return proveEntry(options.entry, options, output);
          if (dir === undefined)
            throw new ProvisoError('usage_invalid', 'Name a pack, or an entry.');
          const pack = readPack(dir, output);
          if (!pack) return EXIT.no;
          if (options.against === undefined) {
            return prove(pack, loadReplaced(dir, pack), options, output);
          }
          const old = readPack(options.against, output);
          return old ? prove(pack, old, options, output) : EXIT.no;
        }),
      ),
    [
      'proviso terms prove examples/terms/restricted-use',
      'proviso terms prove new/ --against examples/terms/restricted-use',
      'proviso terms prove --entry 1',
    ],
  );
}

const PACK = 'the folder of a terms pack';
const entryNumber = wholeNumber(0, Number.MAX_SAFE_INTEGER);

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
    const packs = old ? [pack, old] : [pack];
    for (const problems of byRule(proof.problems)) showRule(problems, packs, output);
    output.facts([
      ['terms', `${id} ${version}`],
      ...(old ? [['against', againstWords(pack, old)] as const] : []),
      ['red lines', String(pack.redLines.length)],
      ['assurances', String(pack.assurances.length)],
    ]);
    const style = proof.verdict === 'proven' ? 'good' : 'bad';
    output.print(output.style(style, proof.verdict));
  });
}

function againstWords({ manifest }: Pack, { id, version, hash }: Pack): string {
  return `${id} ${version}${manifest.replaces === hash ? ', which it replaces' : ''}`;
}

function byRule(problems: readonly ProofProblem[]): readonly (readonly ProofProblem[])[] {
  return [...Map.groupBy(problems, ({ result, rule }) => `${result} ${rule}`).values()];
}

/** All that is wrong with one rule, what has an example first. */
function showRule(problems: readonly ProofProblem[], packs: readonly Pack[], output: Output): void {
  const [first] = problems;
  if (!first) return;
  const { result, rule, clause } = first;
  const mark = output.style(result === 'refuted' ? 'bad' : 'warn', result);
  output.print(`${mark}  ${output.style('strong', rule)} (clause ${clause})`);
  const ways = [...Map.groupBy(problems, ({ message }) => message).values()];
  const [shown, others] = [ways.filter(hasExample), ways.filter((way) => !hasExample(way))];
  const told = new Set<string>();
  for (const way of [...shown, ...others]) showWay(way, packs, told, output);
  output.print();
}

function hasExample(problems: readonly ProofProblem[]): boolean {
  return problems.some(({ example }) => example !== undefined);
}

/** What is wrong in one way, in each kind of request where it is. @param told examples so far */
function showWay(
  problems: readonly ProofProblem[],
  packs: readonly Pack[],
  told: Set<string>,
  output: Output,
): void {
  // What people ask for most tells most.
  const [problem, ...others] = problems.toSorted((a, b) => rank(a) - rank(b));
  if (!problem) return;
  output.print(wrapped(problem.message, '  '));
  const { example, rule } = problem;
  const sentence = example && requestSentence(example, lookedAtBy(rulesNamed(rule, packs)));
  if (!example || !sentence || told.has(sentence)) return;
  told.add(sentence);
  const actions = others.flatMap(({ environment }) => (environment ? [environment.action] : []));
  const likewise = actions.length > 0 ? ` Likewise for ${[...new Set(actions)].join(', ')}.` : '';
  output.print(wrapped(`For example: ${sentence}${likewise}`, '  '));
  for (const line of requestWords(example)) output.print(output.style('dim', `    ${line}`));
}

function rank({ environment }: ProofProblem): number {
  return environment?.action === 'generate' ? 0 : 1;
}

function rulesNamed(id: string, packs: readonly Pack[]): readonly PackRule[] {
  return packs
    .flatMap(({ rules, redLines, assurances }) => [...rules, ...redLines, ...assurances])
    .filter(({ policy }) => policy.id === id);
}
