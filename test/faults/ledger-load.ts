/**
 * A process that appends to a ledger, to be killed: `node ledger-load.ts DIR CALLERS [MS]`.
 * Prints `<entry> <mark>` for each decision and outcome once it is acknowledged, never before.
 */
import { writeSync } from 'node:fs';
import { LEDGER_LIMITS } from '#base/limits.ts';
import { openLedger } from '#ledger/ledger.ts';

const [dir = '', callers = '64', ms = 'Infinity'] = process.argv.slice(2);
const until = performance.now() + Number(ms);
const limits = { ...LEDGER_LIMITS, journalSegmentBytes: 500_000, publishMs: 20 };
const ledger = await openLedger({ dir, origin: 'example.com/kill', limits });
writeSync(1, 'ready\n');
await Promise.all(Array.from({ length: Number(callers) }, (_, caller) => call(caller)));
await ledger.close();

async function call(caller: number): Promise<void> {
  for (let n = 0; performance.now() < until; n++) {
    const mark = `${process.pid}-${caller}-${n}`;
    const vaultKey = `purpose:${caller % 5}`;
    const values = { private: { secret: `secret of ${mark}` }, vaultKey };
    const closes = await ledger.append({ kind: 'decision', public: { mark }, ...values });
    writeSync(1, `${closes} ${mark}\n`);
    const outcome = await ledger.append({ kind: 'outcome', closes, public: { mark }, ...values });
    writeSync(1, `${outcome} ${mark}\n`);
  }
}
