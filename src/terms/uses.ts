/**
 * Which tool classes, topics and approvals a rule looks at, by the names that terms.yaml gives them,
 * and whether it matches more or less where there is more of them.
 */
import { type Expr, partsOf } from './policy.ts';
import type { PackRule } from './rules.ts';
import { UNCLASSIFIED } from './tools.ts';
import { policyExpressions } from './typing/policy.ts';

/**
 * Whether a rule matches more (1) or less (-1) where more is in a class, speaks of a topic, or has
 * an approval.
 */
export type Sign = 1 | -1;

/** By name. */
export interface Uses {
  readonly class: Map<string, Set<Sign>>;
  readonly topic: Map<string, Set<Sign>>;
  readonly approval: Map<string, Set<Sign>>;
}

/** Stands for each name there is. */
export const ANY = '*';

export function usesOf({ policy }: PackRule): Uses {
  const uses: Uses = { class: new Map(), topic: new Map(), approval: new Map() };
  for (const expr of policyExpressions(policy)) collect(expr, [1], uses);
  return uses;
}

const FACTS: ReadonlyMap<string, keyof Uses> = new Map([
  ['topics', 'topic'],
  ['toolTopics', 'topic'],
  ['toolClasses', 'class'],
  ['approvals', 'approval'],
]);
const BOTH: readonly Sign[] = [1, -1];

/** @param signs of the expression within the rule: how the rule follows it */
function collect(expr: Expr, signs: readonly Sign[], uses: Uses): void {
  const read = factsRead(expr);
  if (read) return add(uses[read], ANY, BOTH);
  switch (expr.op) {
    case 'entity': {
      if (expr.entity.type !== 'ToolClass') return;
      // A tool is unclassified where no class has it.
      if (expr.entity.id === UNCLASSIFIED) add(uses.class, ANY, signs.map(opposite));
      else add(uses.class, expr.entity.id, signs);
      return;
    }
    case 'unary': {
      const isEmptied = expr.operator === 'isEmpty' ? factsRead(expr.arg) : undefined;
      if (isEmptied) add(uses[isEmptied], ANY, signs.map(opposite));
      else collect(expr.arg, expr.operator === 'not' ? signs.map(opposite) : BOTH, uses);
      return;
    }
    case 'binary': {
      const { operator, left, right } = expr;
      const found = factsRead(left);
      if (operator === '&&' || operator === '||') {
        for (const part of [left, right]) collect(part, signs, uses);
      } else if (found && operator.startsWith('contains') && isWritten(right)) {
        for (const name of namesWritten(right)) add(uses[found], name, signs);
      } else {
        collect(left, BOTH, uses);
        collect(right, operator === 'in' ? signs : BOTH, uses);
      }
      return;
    }
    case 'set':
      for (const part of expr.items) collect(part, signs, uses);
      return;
    default:
      for (const part of partsOf(expr)) collect(part, BOTH, uses);
  }
}

/** Which facts `context.topics` and the like are about. */
function factsRead(expr: Expr): keyof Uses | undefined {
  if (expr.op !== 'get' || expr.of.op !== 'variable' || expr.of.name !== 'context')
    return undefined;
  return FACTS.get(expr.attribute);
}

function isWritten(expr: Expr): boolean {
  return (
    expr.op === 'string' || isClass(expr) || (expr.op === 'set' && expr.items.every(isWritten))
  );
}

/** But for `unclassified`, which is not in a class of its own words. */
function isClass(expr: Expr): boolean {
  return expr.op === 'entity' && expr.entity.id !== UNCLASSIFIED;
}

function namesWritten(expr: Expr): readonly string[] {
  if (expr.op === 'string') return [expr.value];
  if (expr.op === 'entity') return [expr.entity.id];
  return expr.op === 'set' ? expr.items.flatMap(namesWritten) : [];
}

function add(names: Map<string, Set<Sign>>, name: string, signs: readonly Sign[]): void {
  names.set(name, new Set([...(names.get(name) ?? []), ...signs]));
}

function opposite(sign: Sign): Sign {
  return sign === 1 ? -1 : 1;
}

/** Whether the rule looks at the tool class or topic of this name. */
export function namesWord(rule: PackRule, kind: 'class' | 'topic', name: string): boolean {
  const uses = usesOf(rule)[kind];
  return uses.has(name) || uses.has(ANY);
}
