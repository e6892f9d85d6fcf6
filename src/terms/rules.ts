/**
 * The Cedar files of a pack. Each policy is named and says which clause it enforces; each is
 * validated strictly, and what the official validator only warns of is an error here, since a rule
 * that can never apply, or that reads otherwise than it looks, is a mistake in an agreement.
 */
import { type Finding, readPolicy, syntaxErrors, validatePolicies } from './engine.ts';
import { type Expr, type Policy, partsOf } from './policy.ts';
import { offsetOfByte, type PackFile, type Problem, problemAt } from './problems.ts';
import { type PolicySource, splitPolicies } from './source.ts';

export interface PackRule {
  readonly policy: Policy;
  readonly clause: string;
  /** The approval that lifts the forbid. */
  readonly hold?: string | undefined;
  readonly file: PackFile;
  readonly source: PolicySource;
}

/** `rules` permit and forbid, `redLines` only forbid, `assurances` only permit. */
export type RuleKind = 'rule' | 'red line' | 'assurance';

export function readRules(file: PackFile, kind: RuleKind, problems: Problem[]): PackRule[] {
  const errors = syntaxErrors(file.text);
  if (errors.length > 0) {
    problems.push(...errors.map((error) => findingProblem(file, 0, error)));
    return [];
  }
  const rules: PackRule[] = [];
  for (const source of splitPolicies(file.text)) {
    const wrong = (message: string): void => {
      problems.push(problemAt(file, source.start, message));
    };
    if (/\?(principal|resource)\b/.test(source.text)) {
      wrong('A template is not a rule: name the principal or the resource.');
      continue;
    }
    const { annotations, ...rest } = readPolicy(source.text, { id: '' });
    const policy = { ...rest, annotations, id: annotations.get('id') ?? '' };
    const clause = annotations.get('clause') ?? '';
    const hold = annotations.get('hold');
    const name = policy.id === '' ? '' : `\`${policy.id}\`: `;
    for (const fault of faultsOf(policy, kind)) wrong(`${name}${fault}`);
    rules.push({ policy, clause, hold, file, source });
  }
  return rules;
}

/** Names, clauses and the official strict validation over all rules of a pack together. */
export function checkRules(
  rules: readonly PackRule[],
  clauses: ReadonlyMap<string, unknown>,
  schema: { readonly own: PackFile; readonly base: string },
  problems: Problem[],
): void {
  const byId = new Map<string, PackRule>();
  for (const rule of rules) {
    const { id } = rule.policy;
    const wrong = (message: string): void => {
      problems.push(problemAt(rule.file, rule.source.start, message));
    };
    if (byId.has(id)) wrong(`The id \`${id}\` is given twice.`);
    if (rule.clause !== '' && !clauses.has(rule.clause)) {
      wrong(`The clause \`${rule.clause}\` is not in terms.yaml.`);
    }
    byId.set(id, rule);
  }
  const texts = Object.fromEntries([...byId].map(([id, { source }]) => [id, source.text]));
  const found = validatePolicies(schema.base + schema.own.text, texts);
  for (const error of found.schemaErrors) {
    problems.push(schemaProblem(schema.own, schema.base, error));
  }
  for (const error of [...found.errors, ...found.warnings]) {
    const rule = byId.get(error.policyId);
    if (rule) problems.push(findingProblem(rule.file, rule.source.start, error, rule.source.text));
  }
}

const ANNOTATIONS = new Set(['id', 'clause', 'hold', 'asks', 'parties']);

function* faultsOf(policy: Policy, kind: RuleKind): Generator<string> {
  const { annotations, effect, id } = policy;
  if (!/^[a-z0-9][a-z0-9._-]*$/.test(id)) {
    yield 'Needs an `@id("…")` of lower-case letters, digits, `-`, `_` and `.`.';
  }
  if (!annotations.get('clause')) yield 'Needs a `@clause("…")` that names a clause of terms.yaml.';
  for (const name of annotations.keys()) {
    if (!ANNOTATIONS.has(name)) yield `\`@${name}\` is not known here.`;
  }
  if (kind === 'red line' && effect === 'permit') yield 'A red line forbids.';
  if (kind === 'assurance' && effect === 'forbid') yield 'An assurance permits.';
  if (kind === 'rule' && annotations.has('parties')) {
    yield 'Only a red line or an assurance names `@parties`.';
  }
  if (annotations.has('hold')) {
    if (effect === 'permit') yield 'Only a forbid can `@hold`.';
    if (!annotations.get('hold')) yield '`@hold("…")` must name an approval.';
  }
  if (annotations.has('asks') && (annotations.get('asks') !== 'purpose' || effect === 'permit')) {
    yield 'Only `@asks("purpose")` is known, and only on a forbid.';
  }
  if (policy.conditions.some(readsNamedEntity)) {
    yield 'Reads attributes, tags or groups of an entity that the rule names itself; only entities of the call are known.';
  }
}

/** Such an entity would be a dangling reference in almost every call; see request.ts. */
function readsNamedEntity(expr: Expr): boolean {
  const isNamed = (of: Expr): boolean =>
    of.op === 'entity' || (of.op === 'if' && (isNamed(of.whenTrue) || isNamed(of.whenFalse)));
  const reads =
    expr.op === 'get' ||
    expr.op === 'has' ||
    (expr.op === 'binary' && ['in', 'getTag', 'hasTag'].includes(expr.operator));
  const [of] = partsOf(expr);
  return (reads && of !== undefined && isNamed(of)) || partsOf(expr).some(readsNamedEntity);
}

/** @param text what the finding's offset counts in, and which begins at `start` of the file */
function findingProblem(
  file: PackFile,
  start: number,
  finding: Finding,
  text = file.text,
): Problem {
  const offset = finding.byteOffset === undefined ? 0 : offsetOfByte(text, finding.byteOffset);
  return problemAt(file, start + offset, finding.message);
}

function schemaProblem(own: PackFile, base: string, { message, byteOffset = 0 }: Finding): Problem {
  const offset = offsetOfByte(base + own.text, byteOffset) - base.length;
  // A name that the base schema has already is told there, not where it is given again.
  return offset < 0 ? { path: own.path, message } : problemAt(own, offset, message);
}
