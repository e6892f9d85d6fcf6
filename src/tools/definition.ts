/**
 * A tool as its server defines it, known by the SHA-256 of its canonical JSON: what was accepted
 * once is what may be called, and a server that says something else about a tool offers another.
 */
import { hash } from 'node:crypto';
import { canonicalJson, type JsonObject } from '#base/json.ts';

export interface Definition {
  readonly name: string;
  /** As the server wrote it. */
  readonly json: JsonObject;
  /** Hexadecimal. */
  readonly hash: string;
}

/** Empty for what has no name: nobody could call it. */
export function definitionOf(json: JsonObject): Definition[] {
  const { name } = json;
  if (typeof name !== 'string' || name === '') return [];
  return [{ name, json, hash: hash('sha256', canonicalJson(json), 'hex') }];
}
