/**
 * Witness policies, C2SP tlog-policy (https://c2sp.org/tlog-policy): which logs and witnesses are
 * known, and which of the witnesses must have cosigned a checkpoint for it to count.
 *
 *   log <vkey> [<url>]
 *   witness <name> <vkey> [<url>]
 *   group <name> all|any|<k> <name>…
 *   quorum <name>|none
 *
 * A line names only what lines before it define. Names have no meaning outside the file.
 */
import { readFile } from 'node:fs/promises';
import { ProvisoError } from '#base/errors.ts';
import { type NoteVerifier, openNote } from '#base/note.ts';
import { parsePublicKey } from '#base/note-key.ts';
import { type Checkpoint, parseCheckpoint } from './checkpoint.ts';
import { parseCosignatureKey, parseLogKey } from './cosignature.ts';

/** C2SP asks for at least 32 of each. */
const OF_A_KIND_MAX = 100;
const POLICY_BYTES_MAX = 1_000_000;

export interface PolicyLog {
  readonly verifier: NoteVerifier;
  readonly url: string | undefined;
}

export interface PolicyWitness {
  readonly name: string;
  readonly verifier: NoteVerifier;
  readonly url: string | undefined;
}

export interface WitnessPolicy {
  readonly logs: readonly PolicyLog[];
  readonly witnesses: readonly PolicyWitness[];
  /** Do these witnesses, by name, make the quorum? */
  readonly isQuorum: (witnesses: ReadonlySet<string>) => boolean;
  /** In words, such as `2 of harbour, customs, pilots`. */
  readonly quorum: string;
}

/** @throws `policy_invalid` */
export async function readPolicy(path: string): Promise<WitnessPolicy> {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(await readFile(path));
  } catch (cause) {
    const { code = 'it is not UTF-8' } = cause as NodeJS.ErrnoException;
    const message = `The witness policy \`${path}\` cannot be read: ${code}.`;
    throw new ProvisoError('policy_invalid', message, { at: path, cause });
  }
  return parsePolicy(text);
}

/** @throws `policy_invalid` */
export function parsePolicy(text: string): WitnessPolicy {
  return new PolicyParser().parse(text);
}

/** Of the policy's witnesses, the names of those that cosigned. */
export interface Witnessed {
  readonly checkpoint: Checkpoint;
  readonly witnesses: readonly string[];
  readonly isQuorum: boolean;
}

/**
 * Bytes from anyone → the head of the log that `log` signs, with the witnesses that cosigned it.
 * @throws `note_invalid` where the log's signature is missing, or one of a known key does not verify
 */
export function openWitnessed(
  bytes: Uint8Array,
  log: NoteVerifier,
  policy: WitnessPolicy,
): Witnessed {
  const known = [log, ...policy.witnesses.map(({ verifier }) => verifier)];
  const { text, signatures } = openNote(bytes, known);
  const by = new Set(signatures.map(({ verifier }) => verifier));
  const checkpoint = parseCheckpoint(text);
  if (!by.has(log) || checkpoint.origin !== log.name) {
    throw new ProvisoError(
      'note_invalid',
      `The checkpoint is not one that \`${log.name}\` signed.`,
    );
  }
  const cosigned = policy.witnesses.filter(({ verifier }) => by.has(verifier));
  const witnesses = cosigned.map(({ name }) => name);
  return { checkpoint, witnesses, isQuorum: policy.isQuorum(new Set(witnesses)) };
}

type Rule = (witnesses: ReadonlySet<string>) => boolean;

class PolicyParser {
  readonly #logs: PolicyLog[] = [];
  readonly #witnesses: PolicyWitness[] = [];
  readonly #rules = new Map<string, { readonly holds: Rule; readonly words: string }>();
  readonly #members = new Set<string>();
  readonly #keys = { log: new Set<string>(), witness: new Set<string>() };
  #groups = 0;
  #quorum: string | undefined;
  #line = 0;

  parse(text: string): WitnessPolicy {
    if (text.length > POLICY_BYTES_MAX) throw this.#invalid('the file is too long');
    for (const line of text.split('\n')) {
      this.#line++;
      if (/[^\t\x20-\x7e\u0080-\u{10ffff}]/u.test(line)) {
        throw this.#invalid('it has a control character');
      }
      const words = line.split(/[ \t]+/).filter((word) => word !== '');
      if (words[0] !== undefined && !words[0].startsWith('#')) this.#add(words);
    }
    const quorum = this.#quorum;
    if (quorum === undefined) throw this.#invalid('no line says `quorum`');
    const { holds, words } = this.#rules.get(quorum) ?? { holds: () => true, words: 'none' };
    const [logs, witnesses] = [this.#logs, this.#witnesses];
    return { logs, witnesses, isQuorum: holds, quorum: words };
  }

  #add([kind, ...words]: readonly string[]): void {
    switch (kind) {
      case 'log':
        return this.#addLog(words);
      case 'witness':
        return this.#addWitness(words);
      case 'group':
        return this.#addGroup(words);
      case 'quorum':
        return this.#setQuorum(words);
      default:
        throw this.#invalid(`\`${kind}\` is none of \`log\`, \`witness\`, \`group\`, \`quorum\``);
    }
  }

  #addLog(words: readonly string[]): void {
    const [key = '', url] = words;
    if (words.length < 1 || words.length > 2) throw this.#invalid('not `log <vkey> [<url>]`');
    const verifier = this.#verifier(() => parseLogKey(key));
    this.#isNew('log', key, this.#logs.length);
    this.#logs.push({ verifier, url });
  }

  #addWitness(words: readonly string[]): void {
    const [name = '', key = '', url] = words;
    if (words.length < 2 || words.length > 3) {
      throw this.#invalid('not `witness <name> <vkey> [<url>]`');
    }
    const verifier = this.#verifier(() => parseCosignatureKey(key));
    this.#isNew('witness', key, this.#witnesses.length);
    this.#define(name, (witnesses) => witnesses.has(name), name);
    this.#witnesses.push({ name, verifier, url });
  }

  #addGroup([name = '', wanted = '', ...members]: readonly string[]): void {
    if (members.length === 0) throw this.#invalid('not `group <name> all|any|<k> <name>…`');
    if (++this.#groups > OF_A_KIND_MAX) throw this.#invalid(`over ${OF_A_KIND_MAX} groups`);
    const least = this.#threshold(wanted, members.length);
    const rules = members.map((member) => {
      const rule = this.#rules.get(member);
      if (!rule) throw this.#invalid(`\`${member}\` is not defined on a line before`);
      if (this.#members.has(member)) throw this.#invalid(`\`${member}\` is in a group already`);
      this.#members.add(member);
      return rule;
    });
    const listed = rules.map(({ words }) => (words.includes(' ') ? `(${words})` : words));
    this.#define(
      name,
      (witnesses) => rules.filter(({ holds }) => holds(witnesses)).length >= least,
      `${least} of ${listed.join(', ')}`,
    );
  }

  #threshold(wanted: string, members: number): number {
    if (wanted === 'all') return members;
    if (wanted === 'any') return 1;
    const least = /^[1-9][0-9]{0,3}$/.test(wanted) ? Number(wanted) : 0;
    if (least >= 1 && least <= members) return least;
    throw this.#invalid(`\`${wanted}\` is none of \`all\`, \`any\` and 1 to ${members}`);
  }

  #setQuorum([name = '', ...more]: readonly string[]): void {
    if (name === '' || more.length > 0) throw this.#invalid('not `quorum <name>`');
    if (this.#quorum !== undefined) throw this.#invalid('a second line says `quorum`');
    if (name !== 'none' && !this.#rules.has(name)) {
      throw this.#invalid(`\`${name}\` is not defined on a line before`);
    }
    this.#quorum = name;
  }

  #define(name: string, holds: Rule, words: string): void {
    if (name === 'none') throw this.#invalid('`none` is no name for a witness or group');
    if (this.#rules.has(name)) throw this.#invalid(`\`${name}\` is defined twice`);
    this.#rules.set(name, { holds, words });
  }

  /** One key, under whatever name, is one voice. */
  #isNew(kind: 'log' | 'witness', key: string, known: number): void {
    if (known >= OF_A_KIND_MAX) throw this.#invalid(`over ${OF_A_KIND_MAX} lines say \`${kind}\``);
    const raw = parsePublicKey(key, [0x01, 0x04, 0x06]).raw.toString('base64');
    if (this.#keys[kind].has(raw)) throw this.#invalid('the same key stands on a line before');
    this.#keys[kind].add(raw);
  }

  #verifier(parse: () => NoteVerifier): NoteVerifier {
    try {
      return parse();
    } catch (thrown) {
      if (!(thrown instanceof ProvisoError)) throw thrown;
      throw this.#invalid(thrown.publicMessage.replace(/\.$/, ''));
    }
  }

  #invalid(problem: string): ProvisoError {
    const message = `The witness policy is not valid: line ${this.#line}: ${problem}.`;
    return new ProvisoError('policy_invalid', message, { at: `line ${this.#line}` });
  }
}
