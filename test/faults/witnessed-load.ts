/**
 * A process that appends to a ledger and has it witnessed, to be killed:
 * `node witnessed-load.ts DIR POLICY`. Prints `ready` when it has begun.
 */
import { writeSync } from 'node:fs';
import { pino } from 'pino';
import { LEDGER_LIMITS } from '#base/limits.ts';
import { openLedger } from '#ledger/ledger.ts';
import { readPolicy } from '#ledger/policy.ts';
import { Witnessing } from '#witness/witnessing.ts';

const [dir = '', policy = ''] = process.argv.slice(2);
const limits = { ...LEDGER_LIMITS, journalSegmentBytes: 500_000, publishMs: 5 };
const ledger = await openLedger({ dir, origin: 'example.com/kill', limits });
const witnessing = await Witnessing.open({
  dir,
  log: ledger.verifiers[0],
  policy: await readPolicy(policy),
  newest: () => ledger.checkpoint,
  askMs: 5,
  answerWaitMsMax: 1_000,
  whenAway: 'go-on',
  awayMsMax: 60_000,
  clock: { now: Date.now },
  logger: pino({ level: 'silent' }),
  onRefusal: (refusal) => ledger.refuseDecisions(refusal),
});
witnessing.start();
writeSync(1, 'ready\n');
await Promise.all(Array.from({ length: 16 }, append));

async function append(): Promise<void> {
  for (;;) {
    const closes = await ledger.append({ kind: 'decision', public: { by: process.pid } });
    await ledger.append({ kind: 'outcome', closes, public: { outcome: 'answered' } });
  }
}
