/** `proviso terms analyze`: what a set of Cedar policies does, or how two differ, by proof. */
import { existsSync, readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { ProvisoError } from '#base/errors.ts';
import { schemaAsText } from '#terms/engine.ts';
import {
  type Analysis,
  analyze,
  type Comparison,
  compare,
  type Finding,
} from '#terms/prove/analyze.ts';
import { readLinks } from '#terms/prove/links.ts';
import { readPolicySet } from '#terms/prove/policy-set.ts';
import { Prover } from '#terms/prove/prover.ts';
import { requestWords } from '#terms/prove/words.ts';
import { examples, type JsonOption, run, withJson } from './command.ts';
import { EXIT, type ExitCode } from './exit.ts';
import type { Output } from './output.ts';
import { withProgress } from './progress.ts';
import { type ProverOptions, withProver, withSolver } from './prover-options.ts';

interface AnalyzeOptions extends JsonOption, ProverOptions {
  readonly schema: string;
  readonly links?: string;
}

export function defineAnalyze(command: Command): void {
  examples(
    withJson(
      withProver(
        command
          .command('analyze')
          .argument('<policies>', 'a file of Cedar policies')
          .argument('[others]', 'a second one, to compare with the first')
          .requiredOption('-s, --schema <file>', 'the Cedar schema of both, as text or JSON')
          .option('--links <file>', 'what fills the slots of templates: links in JSON'),
      ),
    )
      .summary('what do Cedar policies allow, and how do two sets differ?')
      .description(
        'Says for each kind of request, by proof: of one set, policies that never apply,\n' +
          'that others make needless, or that can err; of two, which allows more, with\n' +
          'examples. Exits with 1 when something could not be proven either way.',
      )
      .action((first: string, second: string | undefined, options: AnalyzeOptions) =>
        run(options, (output) => analyzeFiles(first, second, options, output)),
      ),
    [
      'proviso terms analyze policies.cedar --schema app.cedarschema',
      'proviso terms analyze old.cedar new.cedar --schema app.cedarschema --json',
    ],
  );
}

async function analyzeFiles(
  first: string,
  second: string | undefined,
  options: AnalyzeOptions,
  output: Output,
): Promise<ExitCode> {
  const schema = schemaAsText(readText(options.schema));
  const links =
    options.links === undefined ? undefined : readLinks(readText(options.links), options.links);
  const sets = [first, ...(second === undefined ? [] : [second])].map((path) =>
    readPolicySet(readText(path), path, schema, links),
  );
  const [a = [], b] = sets;
  return withSolver(options, async (solver) => {
    const prover = new Prover(schema, solver);
    if (b) {
      const environments = await withProgress('compared', (report) =>
        compare(prover, a, b, report),
      );
      return showComparison(environments, output);
    }
    const analysis = await withProgress('analyzed', (report) => analyze(prover, a, report));
    return showAnalysis(analysis, output);
  });
}

function readText(path: string): string {
  if (existsSync(path)) return readFileSync(path, 'utf8');
  throw new ProvisoError('usage_invalid', `There is no file \`${path}\`.`, { at: path });
}

function showComparison(environments: readonly Comparison[], output: Output): ExitCode {
  output.result({ environments }, () => {
    const rows = environments.map(({ principal, action, resource, result, reason }) => [
      principal,
      action,
      resource,
      reason === undefined ? result : `${result}: ${reason}`,
    ]);
    output.table(['principal', 'action', 'resource', 'the first is'], rows);
    for (const { counterexamples } of environments) {
      for (const { allowedBy, request } of counterexamples) {
        output.print();
        output.print(`Only the ${allowedBy} allows`);
        for (const line of requestWords(request)) output.print(`  ${line}`);
      }
    }
  });
  const isProven = environments.every(({ result }) => result !== 'unknown');
  return isProven ? EXIT.yes : EXIT.couldNot;
}

function showAnalysis(analysis: Analysis, output: Output): ExitCode {
  const findings = analysis.environments.flatMap((environment) => environment.findings);
  output.result(analysis, () => {
    for (const { policy, applies } of analysis.vacuous) {
      const words = applies === 'never' ? 'applies to no request' : 'applies to every request';
      output.print(`${policy} ${words}`);
    }
    const rows = analysis.environments.flatMap(({ principal, action, resource, findings }) =>
      findings.map((finding) => [principal, action, resource, findingWords(finding)]),
    );
    if (rows.length > 0) output.table(['principal', 'action', 'resource', 'finding'], rows);
    else if (analysis.vacuous.length === 0) output.print(output.style('good', 'nothing found'));
  });
  return findings.some(({ kind }) => kind === 'unknown') ? EXIT.couldNot : EXIT.yes;
}

function findingWords(finding: Finding): string {
  switch (finding.kind) {
    case 'allows all':
      return 'all requests are allowed';
    case 'denies all':
      return 'all requests are denied';
    case 'redundant':
      return `${finding.policies.join(', ')} apply to the same requests`;
    case 'shadowed':
      return `${finding.policy} applies only where ${finding.by} does too`;
    case 'overridden':
      return `${finding.policy} permits only what ${finding.by} forbids`;
    case 'can error':
      return `${finding.policy} can err: ${requestWords(finding.example).join('; ')}`;
    case 'unknown':
      return `unknown: ${finding.question} (${finding.reason})`;
  }
}
