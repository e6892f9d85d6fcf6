/** This gateway's own log, as audits read it: its folder, its verifier, and the key to its vault. */
import type { NoteVerifier } from '#base/note.ts';
import { configuredMasterKey } from '#gateway/master-key.ts';
import type { State } from '#gateway/state.ts';
import { nodeDisk } from '#ledger/disk.ts';
import { loadMasterKey } from '#ledger/keys.ts';

export interface AuditedLog {
  readonly place: string;
  readonly log: NoteVerifier;
  /** @throws ProvisoError `vault_unreadable` */
  readonly masterKey: () => Promise<Uint8Array>;
}

/** All that was acknowledged is published in it. */
export async function auditedLog({ ledger, config }: State): Promise<AuditedLog> {
  await ledger.flush();
  const { dir, verifiers } = ledger;
  return {
    place: dir,
    log: verifiers[0],
    masterKey: async () =>
      (await configuredMasterKey(config)) ?? (await loadMasterKey(nodeDisk, dir)),
  };
}
