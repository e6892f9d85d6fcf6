/** Verifier keys that this browser can use: few browsers know ML-DSA-44. */
import { isUsableHere, parseVerifierKey, type VerifierKey } from '#disclosure/verify/key.ts';

/** @throws ProvisoError `note_invalid` for a text that is no key */
export async function usableKeys(texts: readonly string[]): Promise<readonly VerifierKey[]> {
  const keys = await Promise.all(texts.map(parseVerifierKey));
  const isUsable = await Promise.all(keys.map(isUsableHere));
  return keys.filter((_, at) => isUsable[at]);
}
