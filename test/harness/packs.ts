/** Small terms packs that differ in what a test is about, and the parties that sign them. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { makeSignerKey, type NoteSigner, parseSignerKey } from '#base/note.ts';
import type { Submitted } from '#gateway/ready-terms.ts';
import { manifest, smallPack } from '#terms/pack.example.ts';
import { type Pack, parsePack } from '#terms/pack.ts';
import type { PackFile } from '#terms/problems.ts';
import { type Statement, signStatement } from '#terms/signature.ts';

export type Files = ReadonlyMap<string, Uint8Array>;

export interface Draft {
  readonly title?: string;
  /** Each party with the keys that it names. */
  readonly parties?: Readonly<Record<string, readonly NoteSigner[]>>;
  readonly effective?: { readonly from: string; readonly until?: string };
  /** Phrases of the topic `force`. */
  readonly phrases?: readonly string[];
  /** By path; `undefined` leaves one out. */
  readonly files?: Readonly<Record<string, string | undefined>>;
}

/** Nothing with more than this many persons, whatever the rules say. */
export function redLine(persons: number, id = 'red', annotations = ''): string {
  return `@id("${id}") @clause("forbidden") ${annotations}
forbid(principal, action, resource) when { context.persons > ${persons} };
`;
}

export function draft({ title, parties, effective, phrases, files }: Draft = {}): Files {
  const keys = (signers: readonly NoteSigner[]): string =>
    JSON.stringify(signers.map(({ verifier }) => verifier.text));
  const extra = [
    ...(effective ? [`effective: ${JSON.stringify(effective)}`] : []),
    ...(parties ? ['parties:'] : []),
    ...Object.entries(parties ?? {}).map(
      ([id, signers]) => `  - { id: ${id}, name: The ${id}, keys: ${keys(signers)} }`,
    ),
  ];
  const yaml = manifest(extra.map((line) => `${line}\n`).join(''))
    .replace('Small terms', title ?? 'Small terms')
    .replace('[open fire]', JSON.stringify(phrases ?? ['open fire']));
  return smallPack({ 'terms.yaml': yaml, 'redlines.cedar': redLine(10), ...files });
}

export function packOf(files: Files): Pack {
  return parsePack(files, 'p');
}

export function submission(
  files: Files,
  notes: readonly string[] = [],
  releases: readonly string[] = [],
): Submitted {
  const signatures: PackFile[] = notes.map((text, i) => ({ path: `signatures/${i}.sig`, text }));
  return { name: 'p', files, signatures, releases };
}

export function signer(name: string): NoteSigner {
  return parseSignerKey(makeSignerKey(name));
}

/** A signature on the pack; no two are the same. */
export function signed(
  files: Files,
  party: string,
  by: NoteSigner,
  releases?: Statement['releases'],
): string {
  const { id, version, hash } = packOf(files);
  return signStatement({ party, terms: { id, version, hash }, at: nextAt++, releases }, by);
}

let nextAt = Date.UTC(2026, 0, 1);

/** In a folder that is gone after the test. */
export function packFolder(t: TestContext, files: Files, notes: readonly string[] = []): string {
  const dir = mkdtempSync(join(tmpdir(), 'proviso-pack-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const all = [
    ...files,
    ...notes.map((text, i) => [`signatures/${i}.sig`, Buffer.from(text)] as const),
  ];
  for (const [path, bytes] of all) {
    mkdirSync(join(dir, dirname(path)), { recursive: true });
    writeFileSync(join(dir, path), bytes);
  }
  return dir;
}
