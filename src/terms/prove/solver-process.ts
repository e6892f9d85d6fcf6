/**
 * The process in which Z3 runs: a script in, what it prints out, one at a time. Beside the prover's
 * own, so that a solver that does not stop can be ended, and its threads with it.
 */
import { init } from 'z3-solver';

const { Z3 } = await init();

process.on('disconnect', () => process.exit());
process.on('message', (script: string) => {
  void answer(script);
});
process.send?.('ready');

async function answer(script: string): Promise<void> {
  // Each script has a context of its own: what was asked before changes no answer.
  const config = Z3.mk_config();
  const context = Z3.mk_context(config);
  Z3.del_config(config);
  const printed = await Z3.eval_smtlib2_string(context, script).catch(
    (error: unknown) => `(error "${error instanceof Error ? error.message : String(error)}")`,
  );
  Z3.del_context(context);
  process.send?.(printed);
}
