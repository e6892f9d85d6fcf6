/**
 * A second solver, where its command is installed: https://cvc5.github.io. It is put the scripts of
 * Z3, with the one construct of them that only Z3 knows said in another way.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { parseSExpr, printed, type SExpr } from './sexpr.ts';
import { type Solver, type SolverAnswer, type SolverOptions, verdictOf } from './solver.ts';
import { takingTurns } from './turns.ts';

/** `cvc5 1.2.3`; undefined where it is not on the PATH. */
export async function findCvc5(): Promise<string | undefined> {
  const said = await run(['--version'], '', START_MS_MAX);
  const [, version] = /version (\d[\w.-]*)/.exec(said ?? '') ?? [];
  return version && `cvc5 ${version}`;
}

/** A process for each script. */
export function startCvc5({ processes, timeLimitMs }: SolverOptions): Solver {
  const inTurn = takingTurns(processes);
  let isClosed = false;
  const ask = async (script: string): Promise<SolverAnswer> => {
    if (isClosed) return { verdict: 'unknown', reason: 'the solver was closed' };
    const args = [...OPTIONS, `--tlimit-per=${timeLimitMs}`];
    const said = await run(args, `(set-logic ALL)\n${asForAll(script)}`, timeLimitMs + GRACE_MS);
    if (said !== undefined) return verdictOf(said);
    return { verdict: 'unknown', reason: `it ended, or took more than ${timeLimitMs} ms` };
  };
  return {
    ask: (script) => inTurn(() => ask(script)),
    close: () => {
      isClosed = true;
      return Promise.resolve();
    },
  };
}

const OPTIONS = ['--lang=smt2', '--produce-models', '--arrays-exp', '--strings-exp', '--seed=1'];
const START_MS_MAX = 10_000;
const GRACE_MS = 1_000;

/** What it printed, or undefined where it could not be run or did not end. */
async function run(
  args: readonly string[],
  input: string,
  waitMsMax: number,
): Promise<string | undefined> {
  const child = spawn('cvc5', args, { stdio: ['pipe', 'pipe', 'ignore'], timeout: waitMsMax });
  // It may end before it has read everything.
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  try {
    const [said] = await Promise.all([text(child.stdout), once(child, 'close')]);
    return child.signalCode === null ? said : undefined;
  } catch {
    return undefined;
  }
}

/** `((_ map or) a b)` of Z3, which takes sets item by item, as what holds of each item. */
export function asForAll(script: string): string {
  return script
    .split('\n')
    .map((line) => {
      if (!line.includes('(_ map ')) return line;
      const [, name = '', , sort = '', [head = '', a = '', b = ''] = []] = partsOf(line);
      const [, item = ''] = sort;
      const [, , operator = ''] = head;
      const holds = (set: SExpr): string => `(select ${printed(set)} x)`;
      const both = `(${printed(operator)} ${holds(a)} ${holds(b)})`;
      return [
        `(declare-const ${printed(name)} ${printed(sort)})`,
        `(assert (forall ((x ${printed(item)})) (= ${holds(name)} ${both})))`,
      ].join('\n');
    })
    .join('\n');
}

/** Of `(define-fun name () sort ((_ map operator) a b))`, as the encoder writes it. */
function partsOf(line: string): readonly SExpr[] {
  const parts = parseSExpr(line);
  return typeof parts === 'object' ? parts : [];
}
