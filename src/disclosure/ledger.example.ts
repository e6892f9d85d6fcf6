/** A ledger as tests of disclosures make them: calls of two callers, an hour apart in two halves. */
import type { JsonObject } from '#base/json.ts';
import { parseVerifierKey } from '#base/note.ts';
import { nodeDisk } from '#ledger/disk.ts';
import { loadMasterKey } from '#ledger/keys.ts';
import { openLedger } from '#ledger/ledger.ts';
import type { Source } from './choose.ts';

export const ORIGIN = 'example.com/ledger';
export const STARTED_AT = Date.parse('2030-01-01T12:00:00Z');
const CALL_MS = 1_000;
const HOUR_MS = 3_600_000;

/**
 * Entry 0 is a start; call `i` is the decision 2i + 1 and the outcome 2i + 2. Every third is denied,
 * every fifth goes to `b`, every seventh is without a purpose.
 */
export async function exampleLedger(dir: string, calls: number): Promise<Source> {
  let now = STARTED_AT;
  const ledger = await openLedger({ dir, origin: ORIGIN, clock: { now: () => now } });
  await ledger.append({ kind: 'start', public: { version: '1' } });
  for (let i = 0; i < calls; i++) {
    if (i === calls / 2) now += HOUR_MS;
    const purpose = i % 7 === 0 ? undefined : i % 2 === 0 ? 'minutes' : 'letters';
    const vaultKey = `purpose:${purpose ?? ''}`;
    const decision = await ledger.append({
      kind: 'decision',
      public: decisionFacts(i, purpose),
      private: {
        caller: { id: i % 2 === 0 ? 'ann' : 'bob', clearance: i },
        content: { text: `question ${i}` },
        facts: [{ n: i }],
      },
      vaultKey,
    });
    await ledger.append({
      kind: 'outcome',
      closes: decision,
      public: outcomeFacts(i),
      private: { content: { text: `answer ${i}` } },
      vaultKey,
    });
    now += CALL_MS;
  }
  await ledger.close();
  return {
    place: dir,
    log: parseVerifierKey(ledger.verifierKey),
    masterKey: () => loadMasterKey(nodeDisk, dir),
  };
}

const providerOf = (i: number): string => (i % 5 === 0 ? 'b' : 'a');

function decisionFacts(i: number, purpose: string | undefined): JsonObject {
  return {
    action: 'generate',
    effect: i % 3 === 0 ? 'deny' : 'permit',
    ...(purpose === undefined ? {} : { purpose }),
    rules: [i % 3 === 0 ? 'no-persons' : 'open-use'],
    targets: [`${providerOf(i)}/model`],
  };
}

function outcomeFacts(i: number): JsonObject {
  if (i % 3 === 0) return { outcome: 'denied' };
  const attempts = [{ model: 'model', provider: providerOf(i), result: 'answered' }];
  return { attempts, outcome: 'answered' };
}
