/** `proviso terms check`: whether a pack is whole, and what in it may not be meant. */
import type { Command } from 'commander';
import { adviceOn, unclassifiedTools } from '#terms/advice.ts';
import type { Pack } from '#terms/pack.ts';
import { problemAt, problemLine } from '#terms/problems.ts';
import { checkRuleFaults, type RuleFault } from '#terms/prove/check-rules.ts';
import { Prover } from '#terms/prove/prover.ts';
import { lookedAtBy, requestSentence } from '#terms/prove/sentence.ts';
import { examples, type JsonOption, run, withJson } from './command.ts';
import { EXIT, type ExitCode } from './exit.ts';
import type { Output } from './output.ts';
import { withProgress } from './progress.ts';
import { type ProverOptions, withProver, withSolver } from './prover-options.ts';
import { wrapped } from './wrapped.ts';

interface CheckOptions extends JsonOption, ProverOptions {}

/** @param readPack tells what is wrong with a pack itself, and then gives none */
export function defineCheck(
  command: Command,
  readPack: (dir: string, output: Output) => Pack | undefined,
): void {
  examples(
    withJson(withProver(command.command('check').argument('<pack>', 'the folder of a terms pack')))
      .summary('is it whole, and do text and rules fit together?')
      .description(
        'Reads a terms pack: its text, clauses, schema, rules, red lines and tests. A rule that\n' +
          'applies to nothing is wrong, and so is a forbid, a red line or an assurance that cannot\n' +
          'always be evaluated; a solver is asked where the rules alone do not show it. Exits with 0\n' +
          'when the pack is valid, whatever is advised, and with 2 when it is not.',
      )
      .action((dir: string, options: CheckOptions) =>
        run(options, async (output) => {
          const pack = readPack(dir, output);
          return pack ? check(dir, pack, options, output) : EXIT.no;
        }),
      ),
    ['proviso terms check examples/terms/restricted-use'],
  );
}

async function check(
  dir: string,
  pack: Pack,
  options: CheckOptions,
  output: Output,
): Promise<ExitCode> {
  const faults = await withSolver(options, (solver) =>
    withProgress('rules', (report) =>
      checkRuleFaults(new Prover(pack.schema, solver), pack, report),
    ),
  );
  const lineOf = (fault: RuleFault): string => {
    const { file, source } = fault.rule;
    return problemLine(dir, problemAt(file, source.start, faultWords(fault)));
  };
  const problems = faults.filter(isWrong).map(lineOf);
  if (problems.length > 0) {
    output.result({ valid: false, problems }, () => {
      for (const problem of problems) output.print(problem);
      output.print(output.style('bad', `not valid: ${problems.length} to mend`));
    });
    return EXIT.no;
  }
  const advice = [
    ...faults.filter((fault) => !isWrong(fault)).map(lineOf),
    ...adviceOn(pack).map((problem) => problemLine(dir, problem)),
  ];
  show(dir, pack, advice, output);
  return EXIT.yes;
}

/** A permit that errs only denies; what the solver cannot tell is for `prove` to refuse. */
function isWrong({ rule, fault }: RuleFault): boolean {
  return fault === 'applies to nothing' || (fault === 'can err' && !isPermitRule(rule));
}

/** Not an assurance, which must be promised for all that it says. */
function isPermitRule({ policy, file }: RuleFault['rule']): boolean {
  return policy.effect === 'permit' && file.path.startsWith('rules/');
}

function faultWords({ rule, fault, example, reason }: RuleFault): string {
  const name = `\`${rule.policy.id}\``;
  const shown = example ? ` For example: ${requestSentence(example, lookedAtBy([rule]))}` : '';
  switch (fault) {
    case 'applies to nothing':
      return `${name} applies to no call at all.`;
    case 'can err':
      return `${name} cannot be evaluated for every call, and what cannot be evaluated is denied.${shown}`;
    case 'unknown':
      return `${name}: whether it always can be evaluated, and applies to anything, is not known: ${reason}.`;
  }
}

function show(dir: string, pack: Pack, advice: readonly string[], output: Output): void {
  const { id, version, title, hash, rules, redLines, assurances, tests } = pack;
  const clauses = [...pack.clauses.values()];
  const notEnforced = clauses.flatMap(({ id, notEnforced }) =>
    notEnforced === undefined ? [] : [{ clause: id, why: notEnforced }],
  );
  const unclassified = unclassifiedTools(pack);
  const document = {
    valid: true,
    id,
    version,
    title,
    hash,
    clauses: clauses.length,
    rules: rules.length,
    redLines: redLines.length,
    assurances: assurances.length,
    tests: tests.length,
    notEnforced,
    unclassified,
    advice,
  };
  output.result(document, () => {
    output.facts([
      ['terms', `${id} ${version}: ${title}`],
      ['hash', hash],
      ['clauses', String(clauses.length)],
      ['rules', String(rules.length)],
      ['red lines', String(redLines.length)],
      ['assurances', String(assurances.length)],
      ['tests', `${tests.length}; run them with \`proviso terms test ${dir}\``],
    ]);
    for (const line of advice) output.print(output.style('warn', line));
    for (const { clause, why } of notEnforced) {
      output.print(wrapped(`clause ${clause} is enforced by no rule: ${why}`));
    }
    if (unclassified.length > 0) {
      output.print(wrapped(`tools of the tests in no class: ${unclassified.join(', ')}`));
    }
    output.print(output.style('good', 'valid'));
  });
}
