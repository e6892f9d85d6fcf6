/**
 * The process in which Z3 runs: a script in, what it prints out, one at a time. Beside the prover's
 * own, so that a solver that does not stop can be ended, and its threads with it.
 */
import { init } from 'z3-solver';

/** Of Z3's WebAssembly module. */
interface Z3Module {
  readonly HEAPU8: Uint8Array;
  readonly _malloc: (bytes: number) => number;
  readonly _free: (address: number) => void;
  readonly _async_Z3_eval_smtlib2_string: (context: unknown, script: number) => void;
  readonly async_call: (start: () => void) => Promise<string>;
}

const api = await init();
const { Z3 } = api;
const z3 = api.em as Z3Module;

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
  // The package's own call keeps the script on a stack that is used anew before Z3's thread reads it.
  const bytes = Buffer.from(`${script}\0`);
  const address = z3._malloc(bytes.length);
  z3.HEAPU8.set(bytes, address);
  const printed = await z3
    .async_call(() => z3._async_Z3_eval_smtlib2_string(context, address))
    .catch((error: unknown) => `(error "${String(error)}")`);
  z3._free(address);
  Z3.del_context(context);
  process.send?.(printed);
}
