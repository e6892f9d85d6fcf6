/**
 * What was agreed and what was proven, as hashes: enough to see later that a pack, and a proof of it,
 * are the ones that were meant. docs/spec/terms.md, "Terms in force"
 */
import { createHash } from 'node:crypto';
import { canonicalJson, type JsonObject } from '#base/json.ts';
import type { Pack } from './pack.ts';
import type { PackRule } from './rules.ts';

export interface Inputs {
  readonly manifest: string;
  readonly policies: string;
  readonly proof: string;
  readonly schema: string;
  readonly text: string;
}

/** @param against what binds of the version in force, if there is one. SHA-256, hexadecimal. */
export function inputsOf(pack: Pack, against: Pack | undefined): Inputs {
  const file = (path: string): string => sha256(pack.files.get(path)?.text ?? '');
  const policies = [...pack.files.values()].filter(({ path }) => path.endsWith('.cedar'));
  return {
    manifest: file('terms.yaml'),
    policies: hashOf(Object.fromEntries(policies.map(({ path, text }) => [path, sha256(text)]))),
    proof: hashOf({
      ...bounds(pack),
      rules: textsOf(pack.rules),
      ...(against && { against: bounds(against) }),
    }),
    schema: sha256(pack.schema),
    text: file('text.md'),
  };
}

function bounds({ schema, redLines, assurances, files }: Pack): JsonObject {
  return {
    schema: sha256(schema),
    redLines: textsOf(redLines),
    assurances: textsOf(assurances),
    // Tool classes, topics, approvals and parties, whose loss a red line would not survive.
    manifest: sha256(files.get('terms.yaml')?.text ?? ''),
  };
}

function textsOf(rules: readonly PackRule[]): JsonObject {
  return Object.fromEntries(rules.map(({ policy, source }) => [policy.id, sha256(source.text)]));
}

function hashOf(value: JsonObject): string {
  return sha256(canonicalJson(value));
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
