/** What an audit finds wrong: where, what, and what follows from it. */
import type { LedgerFault } from '#ledger/verify-files.ts';

export interface AuditFault extends LedgerFault {
  /** What follows from it, and what to do. */
  readonly consequence: string;
}

/** What follows when a file of the log itself is not what it was, by what its path begins with. */
const LOG_CONSEQUENCES: readonly (readonly [prefix: string, consequence: string])[] = [
  [
    'checkpoint',
    'Nothing in the folder is vouched for by the ledger’s key. Put the file back from a copy.',
  ],
  [
    'tile/entries/',
    'What these entries say cannot be proven or computed again. Put the file back from a copy.',
  ],
  [
    'tile/',
    'Proofs that need this tile fail, and readers elsewhere refuse it. Put the file back from a copy.',
  ],
  ['journal', 'Entries that were acknowledged may be lost, and no gateway starts on this folder.'],
  ['lock/', 'No gateway starts on this folder: the log and the lock store do not agree.'],
];

const MISPAIRED =
  'The log was not written by this software as it is: a decision without its one outcome, or out of order.';

/** A fault of the log with what follows from it. */
export function logFault(fault: LedgerFault): AuditFault {
  const { file, problem } = fault;
  const isOfEntry = /^Entry \d+ is (an outcome|no outcome|older)/.test(problem);
  const [, consequence = ''] = LOG_CONSEQUENCES.find(([prefix]) => file.startsWith(prefix)) ?? [];
  return { ...fault, consequence: isOfEntry ? MISPAIRED : consequence };
}
