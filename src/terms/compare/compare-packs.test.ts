/** What two packs decide differently is found, told by its rule, and nothing else is. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { makeSignerKey, parseSignerKey } from '#base/note.ts';
import { manifest, smallPack } from '../pack.example.ts';
import { type Pack, parsePack } from '../pack.ts';
import { type Solver, startSolver } from '../prove/solver.ts';
import { comparePacks, type PackComparison } from './compare-packs.ts';

const solver = startSolver({ processes: 1, timeLimitMs: 10_000 });
after(() => solver.close());

type Files = Readonly<Record<string, string | undefined>>;

const FORCE = '(principal, action == Action::"callTool", resource in ToolClass::"force")';
const NO_PERSONS = `@id("no-persons") @clause("forbidden")
forbid(principal, action, resource) when { context.persons > 0 };
`;
const ASK_FIRST = `@id("ask-first") @clause("forbidden") @hold("lead")
forbid${FORCE} unless { context.approvals.contains("lead") };
`;
const RULES = 'rules/forbidden.cedar';
const BASE: Files = { [RULES]: NO_PERSONS + ASK_FIRST };

function pack(changed: Files): Pack {
  return parsePack(smallPack({ ...BASE, ...changed }), 'pack');
}

function compare(first: Files, second: Files, by: Solver = solver): Promise<PackComparison> {
  return comparePacks(pack(first), pack(second), by, () => undefined);
}

/** In one line each: who is freer, both effects, why, the rules, and the examples. */
function told({ differences }: PackComparison): readonly (readonly string[])[] {
  return differences.map(({ freer, effects, reason, rules, examples }) => [
    `${freer}: ${effects.first}/${effects.second}, ${reason} ${rules.join(' ')}`,
    ...examples.map(({ sentence }) => sentence),
  ]);
}

test('what says the same otherwise is equivalent', async () => {
  const again = `// Written otherwise.
    ${NO_PERSONS.replace('context.persons > 0', '!(context.persons < 1)')}${ASK_FIRST}`;
  const changed = {
    [RULES]: again,
    'tests/all.yaml': '- { name: another, call: {}, expect: permit }\n',
    'terms.yaml': manifest().replace('version: 1.0.0', 'version: 1.1.0'),
  };
  const comparison = await compare({}, changed);
  assert.deepEqual(comparison, {
    verdict: 'equivalent',
    redLines: [],
    assurances: [],
    clauses: [],
    vocabulary: [],
    agreement: [],
    differences: [],
    heldBack: [],
    unknown: [],
  });
});

test('a forbid with an exception is the rule that makes the difference, in one direction', async () => {
  const excepted = NO_PERSONS.replace('};', '} unless { context has purpose };');
  const comparison = await compare({}, { [RULES]: excepted + ASK_FIRST });
  assert.equal(comparison.verdict, 'differ');
  assert.deepEqual(told(comparison), [
    [
      'second: deny/permit, forbids no-persons',
      'A caller asks a model something that names 1 person, for a purpose.',
    ],
  ]);
  const [example] = comparison.differences[0]?.examples ?? [];
  assert.deepEqual(
    example?.environments.map(({ action }) => action),
    ['generate', 'callTool', 'embed', 'countTokens'],
  );
  assert.equal(example?.request.context['persons'], 1);
});

test('an exception that only a red line still closes is told', async () => {
  const red = { 'redlines.cedar': NO_PERSONS.replace('no-persons', 'red') };
  const excepted = NO_PERSONS.replace('};', '} unless { context has purpose };');
  const { verdict, differences, heldBack } = await compare(red, {
    ...red,
    [RULES]: excepted + ASK_FIRST,
  });
  assert.equal(verdict, 'differ');
  assert.deepEqual(differences, []);
  assert.deepEqual(
    heldBack.map(({ freer, rules, examples }) => [freer, rules, examples[0]?.sentence]),
    [
      [
        'second',
        ['no-persons'],
        'A caller asks a model something that names 1 person, for a purpose.',
      ],
    ],
  );
});

test('what is held is neither permitted nor denied', async () => {
  const open = { 'terms.yaml': withoutApprovals(), [RULES]: NO_PERSONS };
  const tool = 'A model wants to run a tool of the class `force`.';
  assert.deepEqual(told(await compare({}, open)), [
    ['second: hold/permit, forbids ask-first', tool],
  ]);
  const never = `@id("never") @clause("forbidden") forbid${FORCE};`;
  const closed = { ...open, [RULES]: NO_PERSONS + never };
  assert.deepEqual(told(await compare({}, closed)), [['first: hold/deny, forbids never', tool]]);
  assert.deepEqual(told(await compare(closed, open)), [
    ['second: deny/permit, forbids never', tool],
  ]);
});

test('an approval by another name is another', async () => {
  const renamed = {
    'terms.yaml': manifest().replace('  lead: {', '  chief: {'),
    [RULES]: (NO_PERSONS + ASK_FIRST).replaceAll('"lead"', '"chief"'),
  };
  const comparison = await compare({}, renamed);
  const tool = 'A model wants to run a tool of the class `force`, with the approval';
  assert.deepEqual(told(comparison), [
    ['first: permit/hold, forbids ask-first', `${tool} \`lead\`.`],
    ['second: hold/permit, forbids ask-first', `${tool} \`chief\`.`],
  ]);
  assert.deepEqual(
    comparison.agreement.map(({ at }) => at),
    ['approvals lead', 'approvals chief'],
  );
});

test('what nothing permits, and what cannot be evaluated, is denied', async () => {
  const narrow = `@id("open") @clause("open")
    permit(principal in Team::"night", action, resource);`;
  assert.deepEqual(told(await compare({}, { 'rules/open.cedar': narrow })), [
    [
      'first: permit/deny, does not permit open',
      'A caller outside of the team `night` asks a model something.',
    ],
  ]);
  const erring = `@id("errs") @clause("open")
    permit(principal, action, resource) when { context.persons * 4000000000000000000 > 9 };`;
  const errs = await compare(
    { [RULES]: ASK_FIRST },
    { [RULES]: ASK_FIRST, 'rules/more.cedar': erring },
  );
  assert.deepEqual(told(errs), [
    ['first: permit/deny, errs errs', 'A caller asks a model something that names 3 persons.'],
  ]);
});

test('a kind of call that only one schema has cannot be permitted by the other', async () => {
  const schema = (context: string): Files => ({
    'schema.cedarschema': `action deploy appliesTo { principal: Caller, resource: Tool, context: { persons: Long, ${context} } };`,
  });
  const added = await compare({}, schema('n: Long'));
  assert.deepEqual(told(added), [
    ['second: deny/permit, does not know open', 'A caller asks for `deploy` of a Tool.'],
  ]);
  assert.equal((await compare(schema('n: Long'), schema('n: Long'))).verdict, 'equivalent');
  const changed = await compare(schema('n: Long'), schema('n: String'));
  assert.equal(changed.verdict, 'unknown');
  assert.deepEqual(
    changed.unknown.map(({ environment: { action }, reason }) => [action, reason]),
    [['deploy', 'the two schemas say different things about such calls']],
  );
  assert.deepEqual(changed.differences, []);
});

test('red lines and assurances are compared by what they match', async () => {
  const red = (condition: string, id = 'red'): string =>
    `@id("${id}") @clause("forbidden") forbid(principal, action, resource) when { ${condition} };\n`;
  const changes = async (before: string, after: string): Promise<readonly unknown[]> => {
    const [first, second] = [{ 'redlines.cedar': before }, { 'redlines.cedar': after }];
    const { redLines } = await compare(first, second);
    return redLines.map(({ id, change, isKept, example }) => [
      id,
      change,
      isKept,
      example?.sentence,
    ]);
  };
  const names = (persons: number): string =>
    `A caller asks a model something that names ${persons} persons.`;
  const ten = red('context.persons > 10');
  assert.deepEqual(await changes(ten, red('context.persons > 20')), [
    ['red', 'narrower in the second', undefined, names(11)],
  ]);
  assert.deepEqual(await changes(ten, red('context.persons > 5')), [
    ['red', 'wider in the second', undefined, names(6)],
  ]);
  assert.deepEqual(await changes(ten, red('context.persons == 2')), [
    ['red', 'other in the second', undefined, names(11)],
  ]);
  assert.deepEqual(await changes(ten, red('context.persons >= 11')), [
    ['red', 'written otherwise', undefined, undefined],
  ]);
  assert.deepEqual(await changes(ten, ''), [['red', 'only in the first', false, names(11)]]);
  assert.deepEqual(await changes(ten, ten + red('context.persons > 30', 'more')), [
    ['more', 'only in the second', true, undefined],
  ]);
  const floor = `@id("floor") @clause("open")
    permit(principal, action == Action::"embed", resource) when { context.persons == 0 };`;
  const { assurances } = await compare({}, { 'assurances.cedar': floor });
  assert.deepEqual(
    assurances.map(({ id, change, second }) => [id, change, second]),
    [['floor', 'only in the second', { clause: 'open' }]],
  );
});

test('words that rules rest on are compared by the tools that they name', async () => {
  const changed = manifest()
    .replace("'fire*'", "'*_shoot*'")
    .replace('[open fire]', '[open fire, shoot]');
  const { verdict, vocabulary, differences } = await compare({}, { 'terms.yaml': changed });
  assert.equal(verdict, 'differ');
  assert.deepEqual(differences, []);
  const rules = { first: ['ask-first'], second: ['ask-first'] };
  assert.deepEqual(vocabulary, [
    {
      kind: 'tool class',
      name: 'force',
      words: { first: ['fire*'], second: ['*_shoot*'] },
      rules,
      examples: [
        {
          tool: 'fire',
          first: { classes: ['force'], effect: 'hold' },
          second: { classes: ['unclassified'], effect: 'permit' },
        },
        {
          tool: 'shoot',
          first: { classes: ['unclassified'], effect: 'permit' },
          second: { classes: ['force'], effect: 'hold' },
        },
      ],
    },
    {
      kind: 'topic',
      name: 'force',
      words: { first: [], second: ['shoot'] },
      rules: { first: [], second: [] },
      examples: [],
    },
  ]);
});

test('parties, keys, dates and approvals are compared value by value', async () => {
  const key = (): string => parseSignerKey(makeSignerKey('supplier')).verifier.text;
  const [a, b] = [key(), key()];
  const parties = (keys: string): string =>
    `parties:\n  - { id: supplier, name: The supplier, keys: ['${keys}'] }\n`;
  const from = "effective: { from: '2026-01-01T00:00:00Z' }\n";
  const before = { 'terms.yaml': manifest(parties(a)) };
  const after = {
    'terms.yaml': manifest(parties(b) + from).replace('roles: [lead]', 'roles: [lead], count: 2'),
  };
  const { agreement } = await compare(before, after);
  assert.deepEqual(agreement, [
    { at: 'parties supplier keys', first: [a], second: [b] },
    { at: 'approvals lead count', first: 1, second: 2 },
    { at: 'effective', first: undefined, second: { from: '2026-01-01T00:00:00Z' } },
  ]);
});

test('clauses are compared by the hash of their words', async () => {
  const renamed = manifest().replace('id: open,', 'id: use,');
  const rules = { 'rules/open.cedar': smallRules().replace('"open")\npermit', '"use")\npermit') };
  const { clauses } = await compare({}, { 'terms.yaml': renamed, ...rules });
  assert.deepEqual(clauses, [
    { id: 'open', change: 'renamed', title: 'Open', to: 'use', rules: ['open'] },
  ]);
});

test('what the solver cannot decide is not called alike', async () => {
  const silent: Solver = {
    ask: () => Promise.resolve({ verdict: 'unknown', reason: 'asked too much' }),
    close: () => Promise.resolve(),
  };
  const fewer = NO_PERSONS.replace('> 0', '> 1');
  const { verdict, differences, unknown } = await compare(
    {},
    { [RULES]: fewer + ASK_FIRST },
    silent,
  );
  assert.equal(verdict, 'unknown');
  assert.deepEqual(differences, []);
  assert.ok(unknown.length > 0 && unknown.every(({ reason }) => /asked too much/.test(reason)));
});

function withoutApprovals(): string {
  return manifest().replace(/approvals:\n.*\n/, '');
}

function smallRules(): string {
  return Buffer.from(smallPack().get('rules/open.cedar') ?? []).toString();
}
