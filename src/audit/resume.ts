/**
 * How far an audit came, so that one that was broken off goes on: a file with one line for each range
 * that was looked at. It lies outside of what is audited, where whoever changed the ledger may not
 * write, and counts only for a log that still begins with what it was about.
 *
 *   {"dir":…,"hasVault":true,"origin":…,"root":…,"size":…,"v":1}
 *   the first range
 *   …
 */
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import type { AuditedRange } from './fsck-range.ts';

export interface AuditedLog {
  readonly dir: string;
  readonly hasVault: boolean;
  readonly origin: string;
  /** Base64. */
  readonly root: string;
  readonly size: number;
}

const VERSION = 1;
const OWNER_ONLY = { mode: 0o600 };

/** The file for a ledger's folder, among this user's own. */
export function resumePath(dir: string, env: Readonly<Record<string, string | undefined>>): string {
  const state = env['XDG_STATE_HOME'] || join(homedir(), '.local/state');
  const name = createHash('sha256').update(resolve(dir)).digest('hex').slice(0, 16);
  return join(state, 'proviso', `fsck-${name}.jsonl`);
}

export class Resume {
  readonly #path: string;
  /** What was looked at already, in order from the log's beginning. */
  readonly ranges: readonly AuditedRange[];

  private constructor(path: string, ranges: readonly AuditedRange[]) {
    this.#path = path;
    this.ranges = ranges;
  }

  /**
   * @param log as it is now
   * @param isPrefix whether the log of that size had that root
   */
  static async open(
    path: string,
    log: AuditedLog,
    isPrefix: (size: number, root: string) => Promise<boolean>,
  ): Promise<Resume> {
    const { begun, ranges } = stored(path);
    const isSame =
      begun?.dir === log.dir && begun.origin === log.origin && begun.hasVault === log.hasVault;
    if (begun && isSame && begun.size <= log.size && (await isPrefix(begun.size, begun.root))) {
      return new Resume(path, ranges);
    }
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeFileSync(path, `${JSON.stringify({ ...log, v: VERSION })}\n`, OWNER_ONLY);
    return new Resume(path, []);
  }

  add(range: AuditedRange): void {
    appendFileSync(this.#path, `${JSON.stringify(range)}\n`, OWNER_ONLY);
  }

  /** The audit is done; the next one begins anew. */
  remove(): void {
    rmSync(this.#path, { force: true });
  }
}

function stored(path: string): { begun?: AuditedLog; ranges: AuditedRange[] } {
  if (!existsSync(path)) return { ranges: [] };
  // What follows the last newline was being written when the audit ended.
  const [head = '', ...lines] = readFileSync(path, 'utf8').split('\n').slice(0, -1);
  try {
    const { v, ...begun } = JSON.parse(head) as AuditedLog & { readonly v: number };
    if (v !== VERSION) return { ranges: [] };
    return { begun, ranges: lines.map((line) => JSON.parse(line) as AuditedRange) };
  } catch {
    return { ranges: [] };
  }
}
