/**
 * The terms in force, and how others come into force. INVARIANT (13): they are those of the ledger's
 * last `terms` entry. INVARIANT (7): there is no such entry without a proof, made here, in the process
 * that writes the ledger, whoever asks for it. docs/spec/terms.md, "Terms in force"
 */
import type { Clock } from '#base/clock.ts';
import type { Ledger } from '#ledger/ledger.ts';
import type { Detector } from '#signals/detector.ts';
import type { PackComparison } from '#terms/compare/compare-packs.ts';
import { inputsOf } from '#terms/inputs.ts';
import { type Pack, packHash, parsePack } from '#terms/pack.ts';
import type { Report } from '#terms/prove/analyze.ts';
import type { PackProver } from '#terms/prove/pack-prover.ts';
import { loadStoredPack, storePack } from '#terms/store.ts';
import { compileTerms, type Terms } from '#terms/terms.ts';
import { activationEntry, parseActivation, type RecordedActivation } from './activation.ts';
import { Attempts } from './attempts.ts';
import { detectorsFor } from './detectors.ts';
import { provenTerms, type Ready, readyTerms, requireDate, type Submitted } from './ready-terms.ts';
import { Turns } from './turns.ts';

export interface InForce {
  readonly terms: Terms;
  readonly detectors: readonly Detector[];
  readonly activation: RecordedActivation;
}

export interface Comparison {
  /** In force when it was begun. */
  readonly first: Pack;
  readonly second: Pack;
  readonly found: PackComparison;
}

export interface ActivationPorts {
  readonly ledger: Ledger;
  readonly dataDir: string;
  readonly clock: Clock;
  readonly prover: PackProver;
  /** Called in the same step as the terms change. */
  readonly onChange?: ((inForce: InForce) => void) | undefined;
}

export class Activations {
  /** Those that somebody looks at from outside. */
  readonly attempts = new Attempts<InForce>();
  readonly comparisons = new Attempts<Comparison>();
  readonly #ports: ActivationPorts;
  /** One at a time: each is proven against what is in force when its turn comes. */
  readonly #turns = new Turns();
  /** Drafts are compared one at a time too, and nothing that comes into force waits for them. */
  readonly #comparing = new Turns();
  #inForce: InForce | undefined;
  #isRead = false;

  constructor(ports: ActivationPorts) {
    this.#ports = ports;
  }

  /** What is in force; read when it is first asked for. @throws ProvisoError `terms_corrupt` */
  async inForce(): Promise<InForce | undefined> {
    if (!this.#isRead) await this.#turns.take(() => this.#read());
    return this.#inForce;
  }

  /** Of those that were read. */
  get current(): InForce {
    if (!this.#inForce) throw new Error('no terms are in force');
    return this.#inForce;
  }

  /** Every activation of the ledger, in order. */
  async history(): Promise<readonly RecordedActivation[]> {
    const entries = await Array.fromAsync(this.#ports.ledger.history(['terms']));
    // Version 0.1.0 put terms in force without proof: for this one there were none.
    return entries.filter(({ public: facts }) => 'proof' in facts).map(parseActivation);
  }

  /**
   * Brings a pack into force between two calls. What is in force already is left as it is.
   * @throws ProvisoError and changes nothing, as `readyTerms` and the ledger
   */
  activate(submitted: Submitted, report: Report = () => undefined): Promise<InForce> {
    return this.#turns.take(async () => {
      if (!this.#isRead) await this.#read();
      const { prover, clock } = this.#ports;
      const inForce = this.#inForce?.terms.pack;
      if (this.#inForce && packHash(submitted.files) === inForce?.hash) return this.#inForce;
      const before = await this.history();
      const now = (): number => clock.now();
      const ready = await readyTerms(submitted, { prover, now, inForce, before, report });
      return this.#bringIntoForce(ready);
    });
  }

  /**
   * What a pack would change, were it in force. Nothing is asked of its signatures or its date.
   * @throws ProvisoError `terms_invalid`
   */
  compare({ files, name }: Submitted, report: Report): Promise<Comparison> {
    return this.#comparing.take(async () => {
      const first = this.current.terms.pack;
      const second = parsePack(files, name);
      return { first, second, found: await this.#ports.prover.compare(first, second, report) };
    });
  }

  /**
   * Proves the terms in force again where this version of Proviso adds another base schema to them
   * than the one that proved them did. No signature is asked for: the pack is the one that was signed.
   * @throws ProvisoError `terms_unproven`, `terms_undecided`
   */
  renew(report: Report = () => undefined): Promise<void> {
    return this.#turns.take(async () => {
      const { activation, terms } = this.current;
      if (inputsOf(terms.pack, undefined).schema === activation.inputs.schema) return;
      const { prover } = this.#ports;
      const { signatures, tests } = activation;
      const agreed = { prover, inForce: undefined, released: [], signatures, tests, report };
      await this.#bringIntoForce(await provenTerms(terms.pack, agreed));
    });
  }

  /** After a failed write the ledger may hold an activation that it refused: its word counts. */
  reread(): Promise<void> {
    return this.#turns.take(() => this.#read());
  }

  /** Ends the proof that is under way, which is then refused. */
  async close(): Promise<void> {
    await this.#ports.prover.close();
    await this.#turns.take(async () => undefined);
  }

  async #read(): Promise<void> {
    const last = (await this.history()).at(-1);
    if (last && last.entry !== this.#inForce?.activation.entry) {
      const pack = loadStoredPack(this.#ports.dataDir, last.hash);
      this.#take(inForceOf(compileTerms(pack), last));
    }
    this.#isRead = true;
  }

  async #bringIntoForce({ terms, activation }: Ready): Promise<InForce> {
    const { ledger, dataDir, clock } = this.#ports;
    await storePack(dataDir, terms.pack);
    const at = clock.now();
    requireDate(terms.pack, at);
    const before = this.#inForce;
    // In one step with the entry's place in the ledger: each decision is by the last terms before it,
    // and none is acknowledged before the entry is.
    const appended = ledger.append(activationEntry(activation));
    const next = inForceOf(terms, { ...activation, entry: ledger.size, at });
    this.#take(next);
    try {
      const entry = await appended;
      this.#inForce = { ...next, activation: { ...activation, entry, at } };
      return this.#inForce;
    } catch (thrown) {
      this.#inForce = before;
      if (before) this.#ports.onChange?.(before);
      throw thrown;
    }
  }

  #take(inForce: InForce): void {
    this.#inForce = inForce;
    this.#ports.onChange?.(inForce);
  }
}

function inForceOf(terms: Terms, activation: RecordedActivation): InForce {
  return { terms, detectors: detectorsFor(terms), activation };
}
