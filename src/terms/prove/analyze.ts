/**
 * What one policy set does, and what differs between two, for each kind of request of a schema. As
 * Cedar decides: a policy that errs is skipped.
 */
import type { Policy } from '../policy.ts';
import type { ReferenceCall } from '../reference.ts';
import type { RequestType } from '../typing/schema.ts';
import { all, type Claim, errs, matches, no, type PolicySet, type SourcedPolicy } from './claim.ts';
import type { Answer, Prover } from './prover.ts';
import { alwaysAllows, alwaysDenies, implies } from './queries.ts';

export interface EnvironmentName {
  readonly principal: string;
  readonly action: string;
  readonly resource: string;
}

export interface Comparison extends EnvironmentName {
  /** What the first set is, beside the second. */
  readonly result:
    | 'equivalent'
    | 'more permissive'
    | 'less permissive'
    | 'incomparable'
    | 'unknown';
  readonly counterexamples: readonly Counterexample[];
  /** Why it is unknown. */
  readonly reason?: string | undefined;
}

export interface Counterexample {
  readonly allowedBy: 'first' | 'second';
  readonly request: ReferenceCall;
}

export interface Analysis {
  readonly vacuous: readonly VacuousPolicy[];
  readonly environments: readonly (EnvironmentName & { readonly findings: readonly Finding[] })[];
}

interface VacuousPolicy {
  readonly policy: string;
  /** Applies to no request, or to every one. */
  readonly applies: 'never' | 'always';
}

export type Finding =
  | { readonly kind: 'allows all' | 'denies all' }
  /** All of them apply to the same requests. */
  | { readonly kind: 'redundant'; readonly policies: readonly string[] }
  /** Whenever the policy applies, another of the same effect does too. */
  | { readonly kind: 'shadowed'; readonly policy: string; readonly by: string }
  /** Whenever the permit applies, the forbid does too. */
  | { readonly kind: 'overridden'; readonly policy: string; readonly by: string }
  | { readonly kind: 'can error'; readonly policy: string; readonly example: ReferenceCall }
  | { readonly kind: 'unknown'; readonly question: string; readonly reason: string };

export type Report = (done: number, total: number) => void;

/** What `first` allows that `second` does not, and the reverse. */
export async function compare(
  prover: Prover,
  first: PolicySet,
  second: PolicySet,
  report: Report,
): Promise<readonly Comparison[]> {
  let done = 0;
  return Promise.all(
    prover.environments.map(async (environment): Promise<Comparison> => {
      const [more, less] = await Promise.all([
        prover.find(implies(first, second), environment),
        prover.find(implies(second, first), environment),
      ]);
      report(++done, prover.environments.length);
      const counterexamples = [
        ...requestsOf(more).map((request) => ({ allowedBy: 'first', request }) as const),
        ...requestsOf(less).map((request) => ({ allowedBy: 'second', request }) as const),
      ];
      const name = environmentName(environment, prover);
      return { ...name, ...comparisonResult(more, less), counterexamples };
    }),
  );
}

export async function analyze(
  prover: Prover,
  policies: PolicySet,
  report: Report,
): Promise<Analysis> {
  let done = 0;
  const environments = await Promise.all(
    prover.environments.map(async (environment) => {
      const found = await analyzeEnvironment(prover, policies, environment);
      report(++done, prover.environments.length);
      return found;
    }),
  );
  const vacuous = policies.flatMap((policy): VacuousPolicy[] => {
    const { id } = policy.policy;
    if (environments.every(({ never }) => never.has(policy))) {
      return [{ policy: id, applies: 'never' }];
    }
    if (environments.every(({ always }) => always.has(policy))) {
      return [{ policy: id, applies: 'always' }];
    }
    return [];
  });
  return {
    vacuous,
    environments: environments.map(({ environment, findings }) => ({
      ...environmentName(environment, prover),
      findings,
    })),
  };
}

/** Without namespaces, unless two of the schema would then look alike. */
export function environmentName(environment: RequestType, prover: Prover): EnvironmentName {
  const bare = bareName(environment);
  const isUnique = (other: RequestType): boolean =>
    other === environment || JSON.stringify(bareName(other)) !== JSON.stringify(bare);
  if (prover.environments.every(isUnique)) return bare;
  const { principal, action, resource } = environment;
  return { principal, action: `${action.action.type}::${action.action.id}`, resource };
}

function bareName({ principal, action, resource }: RequestType): EnvironmentName {
  const bare = (type: string): string => type.split('::').at(-1) ?? type;
  return { principal: bare(principal), action: action.action.id, resource: bare(resource) };
}

function comparisonResult(
  more: Answer,
  less: Answer,
): Pick<Comparison, 'result'> & { readonly reason?: string } {
  for (const answer of [more, less]) {
    if (answer.result === 'unknown') return { result: 'unknown', reason: answer.reason };
  }
  const [isMore, isLess] = [more.result === 'found', less.result === 'found'];
  if (isLess && isMore) return { result: 'incomparable' };
  if (isLess) return { result: 'less permissive' };
  return { result: isMore ? 'more permissive' : 'equivalent' };
}

function requestsOf(answer: Answer): readonly ReferenceCall[] {
  return answer.result === 'found' ? [answer.request] : [];
}

interface EnvironmentAnalysis {
  readonly environment: RequestType;
  readonly never: ReadonlySet<SourcedPolicy>;
  readonly always: ReadonlySet<SourcedPolicy>;
  readonly findings: readonly Finding[];
}

async function analyzeEnvironment(
  prover: Prover,
  policies: PolicySet,
  environment: RequestType,
): Promise<EnvironmentAnalysis> {
  const findings: Finding[] = [];
  /** Whether it is proven that no request is one; what is unknown is told. */
  const isNone = async (claim: Claim, question: string): Promise<boolean> => {
    const answer = await prover.find(claim, environment);
    if (answer.result === 'unknown') {
      findings.push({ kind: 'unknown', question, reason: answer.reason });
    }
    return answer.result === 'none';
  };
  if (await isNone(alwaysDenies(policies), 'does it deny all?')) {
    findings.push({ kind: 'denies all' });
  } else if (await isNone(alwaysAllows(policies), 'does it allow all?')) {
    findings.push({ kind: 'allows all' });
  }
  const never = new Set<SourcedPolicy>();
  const always = new Set<SourcedPolicy>();
  for (const policy of policies) {
    const { id } = policy.policy;
    if (await isNone(matches(policy), `does ${id} ever apply?`)) never.add(policy);
    else if (await isNone(no(matches(policy)), `does ${id} always apply?`)) always.add(policy);
    const error = await prover.find(errs(policy), environment);
    if (error.result === 'found') {
      findings.push({ kind: 'can error', policy: id, example: error.request });
    } else if (error.result === 'unknown') {
      const question = `can ${id} err?`;
      findings.push({ kind: 'unknown', question, reason: error.reason });
    }
  }
  const live = policies.filter((policy) => !never.has(policy));
  const covers = (a: SourcedPolicy, b: SourcedPolicy): Promise<boolean> =>
    isNone(
      all(matches(a), no(matches(b))),
      `does ${b.policy.id} apply whenever ${a.policy.id} does?`,
    );
  findings.push(...(await overlaps(live, always, covers)));
  return { environment, never, always, findings };
}

/** @param always those that apply to every request */
async function overlaps(
  policies: PolicySet,
  always: ReadonlySet<SourcedPolicy>,
  covers: (a: SourcedPolicy, b: SourcedPolicy) => Promise<boolean>,
): Promise<readonly Finding[]> {
  const of = (effect: Policy['effect']): PolicySet =>
    policies.filter(({ policy }) => policy.effect === effect);
  const findings: Finding[] = [];
  for (const alike of [of('permit'), of('forbid')]) {
    const classes = new Map<SourcedPolicy, SourcedPolicy[]>();
    for (const [i, a] of alike.entries()) {
      for (const b of alike.slice(i + 1)) {
        const [isCovered, isCovering] = [await covers(a, b), await covers(b, a)];
        if (isCovered && isCovering) {
          const together = classes.get(a) ?? [a];
          if (!together.includes(b)) together.push(b);
          for (const policy of together) classes.set(policy, together);
        } else if (isCovered) findings.push(shadowed(a, b));
        else if (isCovering) findings.push(shadowed(b, a));
      }
    }
    for (const together of new Set(classes.values())) {
      findings.push({ kind: 'redundant', policies: together.map(({ policy }) => policy.id) });
    }
  }
  for (const permit of of('permit')) {
    for (const forbid of of('forbid')) {
      // That all is denied says more than that each permit is.
      if (always.has(forbid)) continue;
      if (!(await covers(permit, forbid))) continue;
      findings.push({ kind: 'overridden', policy: permit.policy.id, by: forbid.policy.id });
    }
  }
  return findings;
}

function shadowed({ policy }: SourcedPolicy, by: SourcedPolicy): Finding {
  return { kind: 'shadowed', policy: policy.id, by: by.policy.id };
}
