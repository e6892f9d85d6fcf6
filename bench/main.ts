/**
 * `npm run -s bench -- NAME [--json]`: one benchmark, measured side by side in one run. Budgets are
 * reported and never gate.
 */
import { cpus } from 'node:os';
import type { Bench } from './bench.ts';

const BENCHES: Readonly<Record<string, () => Promise<{ bench: Bench }>>> = {
  decide: () => import('./decide.ts'),
  gateway: () => import('./gateway.ts'),
  ledger: () => import('./ledger.ts'),
  prove: () => import('./prove.ts'),
};

const args = process.argv.slice(2);
const asJson = args.includes('--json');
const name = args.find((arg) => !arg.startsWith('-')) ?? '';
const load = BENCHES[name];
if (!load) {
  console.error(`Usage: npm run -s bench -- ${Object.keys(BENCHES).join('|')} [--json]`);
  process.exit(3);
}
const { bench } = await load();
const { figures, budgets } = await bench((line) => console.error(line));
const machine = `${cpus()[0]?.model ?? 'unknown'}, ${cpus().length} cores, Node ${process.version}`;
if (asJson) console.log(JSON.stringify({ name, machine, figures, budgets }, null, 2));
else {
  console.log(machine);
  console.table(figures);
  console.table(budgets);
}
process.exit(0);
