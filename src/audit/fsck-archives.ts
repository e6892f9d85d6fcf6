/** What `archived.json` says was moved, held to what the log says of it. */
import { asProvisoError } from '#base/errors.ts';
import { archivedEnd, archivedSpans, type LogPlace } from '#ledger/archive.ts';
import type { Entry } from '#ledger/entry.ts';
import type { AuditFault } from './fault.ts';

const FILE = 'archived.json';
const UNRECORDED =
  'Entries were taken out of the ledger’s folder by hand, or the file is not of this ledger.';

export async function checkArchives(
  place: LogPlace,
  entries: readonly Entry[],
  onFault: (fault: AuditFault) => void,
): Promise<void> {
  try {
    const moved = archivedEnd(await archivedSpans(place));
    const ends = entries.filter(({ kind }) => kind === 'archive').map(endOf);
    const recorded = Math.max(0, ...ends);
    if (moved <= recorded) return;
    const problem = `\`${FILE}\` says that entries to ${moved - 1} were moved; on record are ${recorded}.`;
    onFault({ file: FILE, entry: recorded, problem, consequence: UNRECORDED });
  } catch (error) {
    const { code, publicMessage: problem } = asProvisoError(error);
    if (code === 'internal') throw error;
    onFault({ file: FILE, problem, consequence: UNRECORDED });
  }
}

function endOf({ public: { to } }: Entry): number {
  return typeof to === 'number' ? to : 0;
}
