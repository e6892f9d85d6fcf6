/** `proviso terms`: checks a terms pack, runs the tests that it brings, and proves what it holds. */
import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { ProvisoError } from '#base/errors.ts';
import { loadPack, type Pack } from '#terms/pack.ts';
import { testPack } from '#terms/test-pack.ts';
import { examples, fromValidity, type JsonOption, run, withJson } from './command.ts';
import { EXIT, type ExitCode } from './exit.ts';
import type { Output } from './output.ts';
import { defineActivate } from './terms-activate.ts';
import { defineAnalyze } from './terms-analyze.ts';
import { defineCheck } from './terms-check.ts';
import { defineCompare } from './terms-compare.ts';
import { defineHistory } from './terms-history.ts';
import { defineInit } from './terms-init.ts';
import { definePin } from './terms-pin.ts';
import { defineProve } from './terms-prove.ts';
import { defineRedline } from './terms-redline.ts';
import { defineSign } from './terms-sign.ts';
import { defineStatus } from './terms-status.ts';

export function define(command: Command): void {
  defineInit(command);
  defineCheck(command, readPack);
  examples(
    withJson(command.command('test').argument('<pack>', 'the folder of a terms pack'))
      .summary('does each example get the decision that it must get?')
      .description('Decides each example of the pack’s tests and says which rules none reaches.')
      .action((dir: string, options: JsonOption) => run(options, (output) => test(dir, output))),
    ['proviso terms test examples/terms/restricted-use'],
  );
  defineProve(command, readPack);
  defineCompare(command, readPack);
  defineAnalyze(command);
  defineRedline(command);
  definePin(command);
  defineSign(command, readPack);
  defineStatus(command, readPack);
  defineActivate(command, readPack);
  defineHistory(command);
}

function test(dir: string, output: Output): ExitCode {
  const pack = readPack(dir, output);
  if (!pack) return EXIT.no;
  const { results, uncovered } = testPack(pack);
  const failed = results.filter(({ failure }) => failure !== undefined).length;
  const document = {
    passed: results.length - failed,
    failed,
    uncovered,
    tests: results.map(({ test: { name, path, line }, decision: { effect, rules }, failure }) => ({
      name,
      at: `${path}:${line}`,
      effect,
      rules: rules.map((rule) => rule.id),
      ...(failure === undefined ? {} : { failure }),
    })),
  };
  output.result(document, () => {
    for (const { test, decision, failure } of results) {
      const mark =
        failure === undefined ? output.style('good', 'pass') : output.style('bad', 'FAIL');
      output.print(`${mark}  ${decision.effect.padEnd(6)}  ${test.name}`);
      if (failure !== undefined) output.print(`      ${test.path}:${test.line}: ${failure}`);
    }
    output.print();
    for (const id of uncovered) {
      output.print(output.style('warn', `no test is decided by the rule \`${id}\``));
    }
    const summary = `${document.passed} passed, ${failed} failed`;
    output.print(output.style(failed === 0 ? 'good' : 'bad', summary));
  });
  return fromValidity(failed === 0);
}

/** The pack, or what is wrong with it, which is an answer and not a failure. */
function readPack(dir: string, output: Output): Pack | undefined {
  if (!existsSync(dir)) {
    throw new ProvisoError('usage_invalid', `There is no folder \`${dir}\`.`, { at: dir });
  }
  try {
    return loadPack(dir);
  } catch (thrown) {
    const problems = thrown instanceof ProvisoError ? thrown.facts['problems'] : undefined;
    if (!Array.isArray(problems)) throw thrown;
    output.result({ valid: false, problems }, () => {
      for (const problem of problems) output.print(problem);
      output.print(output.style('bad', `not valid: ${problems.length} to mend`));
    });
    return undefined;
  }
}
