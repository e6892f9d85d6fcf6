/**
 * `npm run -s bench -- prove`: all proofs of a pack with 10, 100 and 500 rules, cold: each time with
 * solvers that are started for it and nothing remembered. The rules are those of the example pack and
 * others of the kinds that packs have; red lines and assurances are the example's.
 */

import { readPolicy } from '#terms/engine.ts';
import { loadPack, type Pack } from '#terms/pack.ts';
import { provePack } from '#terms/prove/prove-pack.ts';
import { Prover } from '#terms/prove/prover.ts';
import { startSolver } from '#terms/prove/solver.ts';
import type { PackRule } from '#terms/rules.ts';
import { atMost, type Bench, type Figure } from './bench.ts';

export const bench: Bench = async (progress) => {
  const figures: Figure[] = [];
  for (const count of [10, 100, 500]) {
    progress(`${count} rules …`);
    figures.push(await measure(count));
  }
  const hundred = Number(figures[1]?.['coldSeconds']);
  return { figures, budgets: [atMost('s for all proofs at 100 rules, cold', hundred, 10)] };
};

async function measure(count: number): Promise<Figure> {
  const pack = packOf(count);
  const startedAt = performance.now();
  const solver = startSolver({ processes: 2, timeLimitMs: 60_000 });
  try {
    const prover = new Prover(pack.schema, solver);
    const { verdict, statements } = await provePack(prover, pack, undefined, () => undefined);
    if (verdict !== 'proven') throw new Error(`${count} rules: ${verdict}`);
    const coldSeconds = Math.round(performance.now() - startedAt) / 1_000;
    const environments = prover.environments.length;
    return { rules: pack.rules.length, statements, environments, coldSeconds };
  } finally {
    await solver.close();
  }
}

/** The example pack, with others of its kind up to `count` rules. */
function packOf(count: number): Pack {
  const example = loadPack('examples/terms/restricted-use');
  // Nine, without those that no red line needs.
  const needed = example.rules.filter(({ policy }) => !/^(tracking|bulk)-/.test(policy.id));
  const others = Array.from({ length: count - needed.length }, (_, i) => {
    const text = otherRule(i);
    const policy = readPolicy(text, { id: `other-${i}` });
    const [like] = needed;
    if (!like) throw new Error('the example pack has no rules');
    return { ...like, policy, source: { text, start: 0 }, hold: undefined } satisfies PackRule;
  });
  return { ...example, rules: [...needed, ...others] };
}

/** None forbids what the example's assurances promise: calls with few persons and no topics. */
function otherRule(i: number): string {
  switch (i % 5) {
    case 0:
      return `permit(principal in Team::"team-${i}", action, resource in Provider::"provider-${i}");`;
    case 1:
      return `forbid(principal in Team::"team-${i}", action in Action::"call", resource)
        when { context.persons > ${i + 4} }
        unless { context has purpose && context.purpose.allows.contains("allowed-${i}") };`;
    case 2:
      return `forbid(principal, action == Action::"callTool", resource in ToolClass::"force")
        unless { context.approvals.contains("approval-${i}") };`;
    case 3:
      return `forbid(principal, action in Action::"call", resource in Provider::"provider-${i}")
        when { principal.clearance < ${i} && context.topics.contains("topic-${i}") };`;
    default:
      return `forbid(principal, action == Action::"callTool", resource)
        when { context.toolTopics.contains("topic-${i}") && context.persons > ${i} };`;
  }
}
