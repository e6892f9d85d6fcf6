/** A file of Cedar policies, named by their `@id` or, as Cedar's own tools do, by their order. */
import { basename, dirname } from 'node:path';
import { readPolicy, syntaxErrors, validatePolicies } from '../engine.ts';
import { offsetOfByte, type PackFile, type Problem, problemAt, termsInvalid } from '../problems.ts';
import { splitPolicies } from '../source.ts';
import type { PolicySet, SourcedPolicy } from './claim.ts';

/**
 * @param path only named in errors
 * @throws ProvisoError `terms_invalid`, with one line for each problem
 */
export function readPolicySet(text: string, path: string, schema: string): PolicySet {
  const file: PackFile = { path: basename(path), text };
  const problems: Problem[] = syntaxErrors(file.text).map(({ message, byteOffset = 0 }) =>
    problemAt(file, offsetOfByte(file.text, byteOffset), message),
  );
  if (problems.length > 0) throw termsInvalid(dirname(path), problems);
  const policies = splitPolicies(file.text).flatMap(({ text, start }, i): SourcedPolicy[] => {
    if (/\?(principal|resource)\b/.test(text)) {
      problems.push(problemAt(file, start, 'A template is not a policy yet: fill its slots.'));
      return [];
    }
    const policy = readPolicy(text, { id: `policy${i}` });
    return [{ policy: { ...policy, id: policy.annotations.get('id') || policy.id }, text }];
  });
  const byId = new Map(policies.map((policy) => [policy.policy.id, policy.text]));
  if (byId.size < policies.length) {
    problems.push({ path: file.path, message: 'Two policies have the same `@id`.' });
  }
  const found = validatePolicies(schema, Object.fromEntries(byId));
  for (const { message } of found.schemaErrors) problems.push({ path: 'the schema', message });
  for (const { policyId, message } of found.errors) {
    problems.push({ path: file.path, message: `${policyId}: ${message}` });
  }
  if (problems.length > 0) throw termsInvalid(dirname(path), problems);
  return policies;
}
