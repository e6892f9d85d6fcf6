/** The signatures beside a pack, `signatures/<party>.<key id>.sig`: docs/spec/terms.md, "Signatures". */
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ProvisoError } from '#base/errors.ts';
import { SIGNATURE_BYTES_MAX, SIGNATURES_MAX } from '#base/limits.ts';
import type { NoteVerifier } from '#base/note.ts';
import type { PackFile } from './problems.ts';

const FOLDER = 'signatures';

/** @throws ProvisoError `note_invalid` for more or larger files than signatures are */
export function readSignatureFiles(packDir: string): readonly PackFile[] {
  const folder = join(packDir, FOLDER);
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder)
    .filter((name) => name.endsWith('.sig'))
    .sort();
  const isTooMuch =
    names.length > SIGNATURES_MAX ||
    names.some((name) => statSync(join(folder, name)).size > SIGNATURE_BYTES_MAX);
  if (isTooMuch) {
    throw new ProvisoError(
      'note_invalid',
      `\`${folder}\` holds more than ${SIGNATURES_MAX} signatures, or one of more than ${SIGNATURE_BYTES_MAX} bytes.`,
    );
  }
  return names.map((name) => ({
    path: `${FOLDER}/${name}`,
    text: readFileSync(join(folder, name), 'utf8'),
  }));
}

/** In the place of an older signature with the same key. @returns the file's path in the pack */
export function writeSignatureFile(
  packDir: string,
  party: string,
  { keyId }: NoteVerifier,
  note: string,
): string {
  const path = `${FOLDER}/${party}.${keyId.toString(16).padStart(8, '0')}.sig`;
  mkdirSync(join(packDir, FOLDER), { recursive: true });
  writeFileSync(join(packDir, path), note);
  return path;
}
