/** A file of Cedar policies, named by their `@id` or, as Cedar's own tools do, by their order. */
import { basename, dirname } from 'node:path';
import { readPolicy, syntaxErrors, validatePolicies } from '../engine.ts';
import { offsetOfByte, type PackFile, type Problem, problemAt, termsInvalid } from '../problems.ts';
import { fillSlots, splitPolicies } from '../source.ts';
import type { PolicySet, SourcedPolicy } from './claim.ts';
import type { TemplateLink } from './links.ts';

/**
 * @param path only named in errors
 * @param links of its templates; a template that none fills decides nothing
 * @throws ProvisoError `terms_invalid`, with one line for each problem
 */
export function readPolicySet(
  text: string,
  path: string,
  schema: string,
  links?: readonly TemplateLink[],
): PolicySet {
  const file: PackFile = { path: basename(path), text };
  const problems: Problem[] = syntaxErrors(file.text).map(({ message, byteOffset = 0 }) =>
    problemAt(file, offsetOfByte(file.text, byteOffset), message),
  );
  if (problems.length > 0) throw termsInvalid(dirname(path), problems);
  const policies = splitPolicies(file.text).flatMap(({ text, start }, i): SourcedPolicy[] => {
    if (!isTemplate(text)) {
      const policy = readPolicy(text, { id: `policy${i}` });
      return [{ policy: { ...policy, id: policy.annotations.get('id') || policy.id }, text }];
    }
    if (!links) {
      problems.push(problemAt(file, start, 'A template is not a policy yet: link it.'));
      return [];
    }
    const { annotations } = readPolicy(fillSlots(text, ANY), { id: '' });
    const name = annotations.get('id') || `policy${i}`;
    return links
      .filter(({ template }) => template === name)
      .flatMap(({ id, values }): SourcedPolicy[] => {
        const filled = fillSlots(text, values);
        if (!isTemplate(filled)) return [{ policy: readPolicy(filled, { id }), text: filled }];
        problems.push(problemAt(file, start, `The link \`${id}\` leaves a slot open.`));
        return [];
      });
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

const ANY = new Map([
  ['?principal', 'T::"x"'],
  ['?resource', 'T::"x"'],
]);

/** Whether it has slots; a question mark in a text or comment is none. */
function isTemplate(text: string): boolean {
  return fillSlots(text, ANY) !== text;
}
