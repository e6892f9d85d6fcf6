/**
 * Cedar's own conformance corpus, from a folder or a `.tar.gz`: the compiled policies must give the
 * stated decision, reasons and errors, and our own validation the official engine's verdict.
 * https://github.com/cedar-policy/cedar-integration-tests
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { type JsonObject, type JsonValue, parseJsonText } from '#base/json.ts';
import { type Authorize, compilePolicies } from '#terms/authorize.ts';
import { readPolicy, readSchema, validatePolicies } from '#terms/engine.ts';
import {
  contextFromJson,
  entitiesFromJson,
  type ListedEntities,
  uidFromJson,
} from '#terms/entities.ts';
import type { Policy } from '#terms/policy.ts';
import { splitPolicies } from '#terms/source.ts';
import { validationError } from '#terms/typing/validate.ts';
import type { Suite } from './suite.ts';

export const suite: Suite = async (path, report) => {
  const files = statSync(path).isDirectory() ? filesOf(path) : filesOfTar(path);
  for (const [name, read] of files) {
    if (!name.endsWith('.json') || name.endsWith('.entities.json')) continue;
    const test = parseJsonText(read()) as JsonObject;
    if (!Array.isArray(test['requests'])) continue;
    try {
      report(
        name,
        failureOf(test, (file) => textOf(files, file)),
      );
    } catch (error) {
      report(name, `threw ${(error as Error).message}`);
    }
  }
};

type Files = ReadonlyMap<string, () => string>;
type Read = (file: JsonValue | undefined) => string;

function failureOf(test: JsonObject, read: Read): string | undefined {
  const policyText = read(test['policies']);
  const policies = splitPolicies(policyText).map(({ text }, i) =>
    readPolicy(text, { id: `policy${i}` }),
  );
  const failure = validationFailure(policyText, policies, read(test['schema']));
  if (failure) return failure;
  const authorize = compilePolicies(policies);
  const store = entitiesFromJson(parseJsonText(read(test['entities'])));
  for (const request of test['requests'] as readonly JsonObject[]) {
    const failure = requestFailure(request, authorize, store);
    if (failure) return `${JSON.stringify(request['description'])}: ${failure}`;
  }
  return undefined;
}

/** The official engine's verdict is the yardstick: what older cases state, newer engines may warn of. */
function validationFailure(
  text: string,
  policies: readonly Policy[],
  schemaText: string,
): string | undefined {
  const verdict = validatePolicies(schemaText, text);
  if (verdict.schemaErrors.length > 0) return undefined;
  const schema = readSchema(schemaText);
  const invalid = new Set(verdict.errors.map(({ policyId }) => policyId));
  for (const policy of policies) {
    const error = validationError(policy, schema);
    if ((error !== undefined) === invalid.has(policy.id)) continue;
    return `validation of ${policy.id}: ${error ?? 'valid here, and not for the official engine'}`;
  }
  return undefined;
}

function requestFailure(
  request: JsonObject,
  authorize: Authorize,
  store: ListedEntities,
): string | undefined {
  const { decision, reasons, errors } = authorize({
    principal: store.get(uidFromJson(request['principal'])),
    action: store.get(uidFromJson(request['action'])),
    resource: store.get(uidFromJson(request['resource'])),
    context: contextFromJson(request['context'] ?? {}, store),
    entities: store.entities,
  });
  const got = {
    decision,
    reason: reasons.map(({ id }) => id).sort(),
    errors: errors.map(({ policy }) => policy.id).sort(),
  };
  const want = {
    decision: request['decision'],
    reason: [...(request['reason'] as string[])].sort(),
    errors: [...(request['errors'] as string[])].sort(),
  };
  const [gotText, wantText] = [JSON.stringify(got), JSON.stringify(want)];
  return gotText === wantText ? undefined : `expected ${wantText}, got ${gotText}`;
}

/** The cases name their files from the corpus's root; where that lies, only the name's end tells. */
function textOf(files: Files, file: JsonValue | undefined): string {
  const name = typeof file === 'string' ? (file.split('/').at(-1) ?? '') : '';
  const read = files.get(name);
  if (!read) throw new Error(`no file \`${name}\``);
  return read();
}

function filesOf(dir: string): Files {
  const files = new Map<string, () => string>();
  for (const entry of readdirSync(dir, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue;
    files.set(entry.name, () => readFileSync(join(entry.parentPath, entry.name), 'utf8'));
  }
  return files;
}

/** A tar is a row of 512-byte blocks: a header with name (0), size in octal (124) and type (156), then the file. */
function filesOfTar(path: string): Files {
  const tar = gunzipSync(readFileSync(path));
  const files = new Map<string, () => string>();
  for (let at = 0; at + 512 <= tar.length && tar[at] !== 0; ) {
    const name =
      tar
        .toString('utf8', at, at + 100)
        .split('\0')[0]
        ?.split('/')
        .at(-1) ?? '';
    const size = Number.parseInt(tar.toString('latin1', at + 124, at + 136), 8);
    const type = String.fromCharCode(tar[at + 156] ?? 0);
    const start = at + 512;
    if (type === '0' || type === '\0') {
      files.set(name, () => tar.toString('utf8', start, start + size));
    }
    at = start + Math.ceil(size / 512) * 512;
  }
  return files;
}
