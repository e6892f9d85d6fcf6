/**
 * What the gateway tells the rules about each call: base.cedarschema, to which a pack adds its own.
 * docs/spec/terms.md, "The base schema"
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readSchema } from './engine.ts';
import type { PackFile, Problem } from './problems.ts';
import { requestFingerprint } from './typing/fingerprint.ts';
import { requestTypeKey, requestTypes } from './typing/schema.ts';

export const BASE_SCHEMA = readFileSync(join(import.meta.dirname, 'base.cedarschema'), 'utf8');

/**
 * That a pack’s own schema leaves alone what the base schema says of a call. A type that it calls
 * `datetime` would become that of `context.instant`.
 *
 * @param own without errors, with the base schema before it
 */
export function checkBaseSchema(own: PackFile, problems: Problem[]): void {
  const schema = readSchema(BASE_SCHEMA + own.text);
  for (const environment of requestTypes(schema)) {
    const before = BASE_REQUESTS.get(requestTypeKey(environment));
    if (before === undefined || before === requestFingerprint(environment, schema)) continue;
    const message = `Changes what \`${environment.action.action.id}\` is asked about: a name of the base schema, or a type of Cedar's own, is given again.`;
    problems.push({ path: own.path, line: 1, column: 1, message });
    return;
  }
}

const BASE_REQUESTS: ReadonlyMap<string, string> = new Map(
  ((base) =>
    requestTypes(base).map(
      (type) => [requestTypeKey(type), requestFingerprint(type, base)] as const,
    ))(readSchema(BASE_SCHEMA)),
);
