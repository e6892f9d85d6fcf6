/** A data folder as a gateway leaves it, with everything that an audit looks at, made in a second. */
import { join } from 'node:path';
import type { Clock } from '#base/clock.ts';
import { parseVerifierKey } from '#base/note.ts';
import { createKey } from '#caller/key.ts';
import { type Caller, keyCreated, keyRevoked } from '#caller/ring.ts';
import { nodeDisk } from '#ledger/disk.ts';
import type { NewEntry } from '#ledger/entry.ts';
import { loadMasterKey } from '#ledger/keys.ts';
import { type Ledger, openLedger } from '#ledger/ledger.ts';
import { purposeRegistered } from '#purpose/register.ts';
import { type CallFacts, factsJson } from '#terms/facts.ts';
import { smallPack } from '#terms/pack.example.ts';
import { parsePack } from '#terms/pack.ts';
import { storePack } from '#terms/store.ts';
import type { AuditSource } from './fsck.ts';

export const ORIGIN = 'example.com/audited';
const DAY_MS = 86_400_000;

export interface ExampleLedger {
  readonly dataDir: string;
  readonly dir: string;
  readonly ledger: Ledger;
  readonly source: AuditSource & { readonly masterKey: Uint8Array };
  readonly clock: Clock;
  /** Hash of the terms in force. */
  readonly terms: string;
  readonly caller: Caller;
  /** A call that is permitted, and its outcome. @returns the decision's number */
  readonly call: (more?: Partial<NewEntry>) => Promise<number>;
  readonly append: (entry: NewEntry) => Promise<number>;
  /** The clock goes on. */
  readonly pass: (ms: number) => void;
}

/** @param calls of callers, under two packs of terms, one after the other */
export async function exampleLedger(dataDir: string, calls: number): Promise<ExampleLedger> {
  const dir = join(dataDir, 'ledger');
  let now = 1_760_000_000_000;
  const clock = { now: () => now };
  const ledger = await openLedger({ dir, origin: ORIGIN, clock, signatures: ['ml-dsa-44'] });
  const key = createKey();
  const gone = createKey();
  const caller: Caller = {
    id: 'records-batch',
    keyId: key.id,
    owner: 'head of records',
    organisation: 'Example Harbour Authority',
    teams: [],
    clearance: 0,
    purposes: [],
  };
  const purpose = { id: 'minutes', owner: 'head of records', authority: 'harbour rules' };
  let terms = '';
  const call: ExampleLedger['call'] = async (more = {}) => {
    const decision = await ledger.append({
      ...decisionEntry(caller, purpose, terms, now),
      ...more,
    });
    await ledger.append({
      kind: 'outcome',
      closes: decision,
      public: { outcome: 'answered' },
      private: { content: { parts: [] } },
      vaultKey: 'purpose:minutes',
    });
    return decision;
  };
  const example: ExampleLedger = {
    dataDir,
    dir,
    ledger,
    source: {
      place: dir,
      log: parseVerifierKey(ledger.verifierKey),
      dataDir,
      masterKey: await loadMasterKey(nodeDisk, dir),
    },
    clock,
    get terms() {
      return terms;
    },
    caller,
    call,
    append: (entry) => ledger.append(entry),
    pass: (ms) => void (now += ms),
  };
  await ledger.append({ kind: 'start', public: { version: '0.0.0' } });
  const registered = {
    ...purpose,
    title: 'Minutes',
    dataClasses: [],
    callers: ['*'],
    teams: [],
    allows: [],
  };
  await ledger.append({ ...purposeRegistered(registered), vaultKey: 'purpose:minutes' });
  for (const made of [key, gone]) {
    await ledger.append({ ...keyCreated(made, { ...caller }), vaultKey: 'caller:records-batch' });
  }
  await ledger.append(keyRevoked(gone.id));
  for (const version of ['1.0.0', '1.1.0']) {
    terms = await activate(dataDir, version, ledger);
    for (let done = 0; done < calls / 2; done += 64) {
      await Promise.all(Array.from({ length: Math.min(64, calls / 2 - done) }, () => call()));
      now += 1_000;
    }
    now += DAY_MS;
  }
  await ledger.flush();
  return example;
}

async function activate(dataDir: string, version: string, ledger: Ledger): Promise<string> {
  const files = new Map(smallPack());
  const manifest = Buffer.from(files.get('terms.yaml') ?? '').toString();
  files.set('terms.yaml', Buffer.from(manifest.replace('1.0.0', version)));
  const pack = parsePack(files, 'small');
  await storePack(dataDir, pack);
  const { id, hash } = pack;
  await ledger.append({ kind: 'terms', public: { hash, id, version } });
  return hash;
}

function decisionEntry(
  caller: Caller,
  purpose: { readonly id: string; readonly owner: string; readonly authority: string },
  terms: string,
  instant: number,
): NewEntry {
  const facts: CallFacts = {
    operation: 'generate',
    caller,
    purpose: { ...purpose, dataClasses: [], allows: [] },
    model: { provider: 'harbour-cloud', name: 'model-large' },
    protocol: 'openai-chat',
    streamed: false,
    tools: [],
    providerTools: [],
    signals: { persons: 0, personKinds: [], topics: [], unread: [], missing: [] },
    instant,
  };
  return {
    kind: 'decision',
    public: {
      action: 'generate',
      effect: 'permit',
      protocol: 'openai-chat',
      purpose: purpose.id,
      rules: ['open'],
      streamed: false,
      targets: ['harbour-cloud/model-large'],
      terms,
    },
    private: { caller, content: { sha256: '00' }, facts: [factsJson(facts)] },
    vaultKey: 'purpose:minutes',
  };
}
