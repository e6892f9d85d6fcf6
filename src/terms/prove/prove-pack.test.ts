/** INVARIANT (7): a pack is proven, or the rule that breaks it is named, with an example. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, test } from 'node:test';
import { makeSignerKey, parseSignerKey } from '#base/note.ts';
import { manifest, smallPack } from '../pack.example.ts';
import { parsePack } from '../pack.ts';
import { type PackProof, provePack } from './prove-pack.ts';
import { Prover } from './prover.ts';
import { type Solver, startSolver } from './solver.ts';
import { requestWords } from './words.ts';

const solver = startSolver({ processes: 1, timeLimitMs: 10_000 });
after(() => solver.close());

const RED_LINE = `@id("red") @clause("forbidden")
forbid(principal, action, resource) when { context.persons > 10 };
`;
const ASSURANCE = `@id("floor") @clause("open")
permit(principal, action == Action::"generate", resource)
when { context.persons == 0 && !context.streamed };
`;
const BOUND = { 'redlines.cedar': RED_LINE, 'assurances.cedar': ASSURANCE };

/** The approval that terms.yaml names needs a rule that it lifts. */
const ASK_FIRST = `@id("ask-first") @clause("forbidden") @hold("lead")
forbid(principal, action == Action::"callTool", resource in ToolClass::"force")
unless { context.approvals.contains("lead") };
`;

type Files = Readonly<Record<string, string | undefined>>;

async function proof(changed: Files, old?: Files): Promise<PackProof> {
  const pack = parsePack(smallPack({ ...BOUND, ...changed }), 'new');
  const before = old && parsePack(smallPack({ ...BOUND, ...old }), 'old');
  return provePack(new Prover(pack.schema, solver), pack, before, () => undefined);
}

async function refuted(changed: Files, old?: Files): Promise<readonly string[]> {
  const { verdict, problems } = await proof(changed, old);
  assert.equal(verdict, 'not proven', JSON.stringify(problems));
  assert.ok(problems.every(({ result }) => result === 'refuted'));
  return [...new Set(problems.map(({ check, rule }) => `${rule}: ${check}`))];
}

test('a pack that keeps its floor and ceiling is proven, alone and against itself', async () => {
  const own = ['within the ceiling', 'above the floor', 'floor and ceiling agree', 'never errors'];
  const alone = [...own, 'not vacuous', 'covers what is new'];
  assert.deepEqual(await proof({}), {
    verdict: 'proven',
    checks: alone,
    problems: [],
    statements: 7,
  });
  const against = await proof({}, {});
  assert.equal(against.verdict, 'proven');
  assert.deepEqual(new Set(against.checks), new Set([...alone, 'kept from the old version']));
});

test('an exception that reaches a red line is found, with the request that it opens', async () => {
  const { problems } = await proof({
    'rules/forbidden.cedar': `${ASK_FIRST}@id("no-persons") @clause("forbidden")
      forbid(principal, action, resource) when { context.persons > 0 }
      unless { context has purpose && context.purpose.allows.contains("anything") };`,
  });
  assert.deepEqual(
    problems.map(({ check, environment }) => [check, environment?.action]),
    ['callTool', 'countTokens', 'embed', 'generate'].map((a) => ['within the ceiling', a]),
  );
  const [example] = problems.flatMap(({ example }) => example ?? []);
  assert.ok(example);
  assert.deepEqual(requestWords(example).slice(0, 2), [
    'Caller::"caller-1" asks for callTool of Tool::"tool-1"',
    'context.persons = 11',
  ]);
});

test('each other fault is named', async () => {
  const cases: readonly (readonly [Files, readonly string[]])[] = [
    // Streamed calls without a purpose are forbidden by the rules.
    [
      { 'assurances.cedar': ASSURANCE.replace('&& !context.streamed', '') },
      ['floor: above the floor'],
    ],
    [
      { 'assurances.cedar': ASSURANCE.replace('persons == 0', 'persons == 11') },
      ['floor: above the floor', 'floor: floor and ceiling agree'],
    ],
    [
      { 'redlines.cedar': RED_LINE.replace('> 10', '> 10 && context.persons < 5') },
      ['red: not vacuous'],
    ],
    [
      { 'redlines.cedar': RED_LINE.replace('persons > 10', 'persons * 3 > 30') },
      ['red: never errors'],
    ],
    [
      { 'assurances.cedar': ASSURANCE.replace('persons == 0', 'persons == 0 && 0 > 1') },
      ['floor: not vacuous'],
    ],
  ];
  for (const [changed, expected] of cases) assert.deepEqual(await refuted(changed), expected);
});

test('a rule that errs denies, so that it breaks the floor and never the ceiling', async () => {
  const rules = `${ASK_FIRST}@id("no-persons") @clause("forbidden")
    forbid(principal, action, resource) when { context.persons * 9223372036854775807 > 0 };`;
  // Cedar would skip the forbid where it errs, and permit eleven persons.
  assert.deepEqual(await refuted({ 'rules/forbidden.cedar': rules }), ['no-persons: never errors']);
});

test('a later version is bound by the red lines and assurances of the one before', async () => {
  assert.deepEqual(await refuted({ 'redlines.cedar': '' }, {}), ['red: kept from the old version']);
  assert.deepEqual(await refuted({ 'redlines.cedar': RED_LINE.replace('10', '12') }, {}), [
    'red: kept from the old version',
  ]);
  assert.equal(
    (await proof({ 'redlines.cedar': RED_LINE.replace('10', '9') }, {})).verdict,
    'proven',
  );
  assert.deepEqual(await refuted({ 'assurances.cedar': '' }, {}), [
    'floor: kept from the old version',
  ]);
  const tight = `${ASK_FIRST}@id("no-persons") @clause("forbidden")
    forbid(principal, action, resource) when { context.persons > 0 || context.topics.contains("force") };`;
  const withoutTopics = ASSURANCE.replace(
    'persons == 0',
    'persons == 0 && context.topics.isEmpty()',
  );
  assert.deepEqual(
    await refuted({ 'rules/forbidden.cedar': tight, 'assurances.cedar': withoutTopics }, {}),
    ['floor: above the floor', 'floor: kept from the old version'],
  );
});

test('a schema cannot take a red line’s meaning, or open a way around it', async () => {
  const onDeploy = `@id("red") @clause("forbidden")
    forbid(principal, action == Action::"deploy", resource) when { context.count > 3 };`;
  const schema = (context: string): string =>
    `action deploy appliesTo { principal: Caller, resource: Tool, context: { persons: Long, ${context} } };`;
  const rules = `${ASK_FIRST}@id("no-persons") @clause("forbidden")
    forbid(principal, action, resource) when { context.persons > 0 };
    @id("no-deploy") @clause("forbidden") forbid(principal, action == Action::"deploy", resource);`;
  const old = {
    'schema.cedarschema': schema('count: Long'),
    'redlines.cedar': onDeploy,
    'rules/forbidden.cedar': rules,
  };
  const renamed = {
    'schema.cedarschema': schema('number: Long'),
    'redlines.cedar': '',
    'rules/forbidden.cedar': rules,
  };
  assert.deepEqual(await refuted(renamed, old), ['red: kept from the old version']);
  const onCalls = RED_LINE.replace('principal, action,', 'principal, action in Action::"call",');
  const added = { 'schema.cedarschema': schema('count: Long'), 'redlines.cedar': onCalls };
  assert.deepEqual(await refuted(added, { 'redlines.cedar': onCalls }), [
    'red: covers what is new',
  ]);
  assert.equal(
    (await proof({ 'schema.cedarschema': schema('count: Long') }, {})).verdict,
    'proven',
  );
});

test('a kind of call that only the pack’s own schema has is within reach of a red line of each clause', async () => {
  const schema = {
    'schema.cedarschema':
      'action deploy appliesTo { principal: Caller, resource: Tool, context: { persons: Long } };',
  };
  const onCalls = RED_LINE.replace('principal, action,', 'principal, action in Action::"call",');
  const covers = ['red: covers what is new'];
  assert.deepEqual(await refuted({ ...schema, 'redlines.cedar': onCalls }), covers);
  const onDeploy = onCalls
    .replace('"red"', '"red-2"')
    .replace('in Action::"call"', '== Action::"deploy"');
  const both = { ...schema, 'redlines.cedar': onCalls + onDeploy };
  assert.equal((await proof(both)).verdict, 'proven');
  // What binds already is held to word by word: a new red line is not the old one.
  assert.deepEqual(await refuted(both, { 'redlines.cedar': onCalls }), covers);
  const denied = `${ASK_FIRST}@id("no-persons") @clause("forbidden")
    forbid(principal, action, resource) when { context.persons > 0 };
    @id("no-deploy") @clause("forbidden") forbid(principal, action == Action::"deploy", resource);`;
  const closed = { ...schema, 'redlines.cedar': onCalls, 'rules/forbidden.cedar': denied };
  assert.equal((await proof(closed)).verdict, 'proven');
});

test('the words that a red line enforces stay, wherever they stand and whatever they are called', async () => {
  const lost = ['red: kept from the old version'];
  const { reworded, moved } = wordings();
  assert.deepEqual(await refuted(reworded, {}), lost);
  assert.equal((await proof(moved, {})).verdict, 'proven');
  const renamed = { 'redlines.cedar': RED_LINE.replace('"red"', '"crimson"') };
  assert.equal((await proof({ ...moved, ...renamed }, {})).verdict, 'proven');
  assert.deepEqual(await refuted({ ...reworded, ...renamed }, {}), lost);
});

test('phrases that a topic gains are taken from an assurance that leaves the topic out', async () => {
  const floor = ASSURANCE.replace(
    '!context.streamed',
    '!context.streamed && context.topics.isEmpty()',
  );
  const files = { 'assurances.cedar': floor };
  const gained = manifest().replace('[open fire]', '[open fire, hello]');
  const lost = ['floor: kept from the old version'];
  assert.deepEqual(await refuted({ ...files, 'terms.yaml': gained }, files), lost);
  assert.equal((await proof({ 'terms.yaml': gained }, {})).verdict, 'proven');
  const fewer = manifest().replace('[open fire]', '[]');
  assert.equal((await proof({ ...files, 'terms.yaml': fewer }, files)).verdict, 'proven');
});

test('an approval that lifts a red line cannot become easier, nor one that is assured harder', async () => {
  const head = '(principal, action == Action::"callTool", resource in ToolClass::"force")';
  const red = `@id("red") @clause("forbidden") @hold("lead")
    forbid${head} unless { context.approvals.contains("lead") };`;
  const floor = `@id("floor") @clause("open")
    permit${head} when { context.approvals.contains("lead") && context.persons == 0 };`;
  const files = { 'redlines.cedar': red, 'assurances.cedar': floor };
  const changed = (from: string, to: string): Files => ({
    ...files,
    'terms.yaml': manifest().replace(from, to),
  });
  assert.equal((await proof(files, files)).verdict, 'proven');
  const easier = await refuted(changed('roles: [lead]', 'roles: [lead, anyone]'), files);
  assert.deepEqual(easier, ['red: kept from the old version']);
  const harder = await refuted(changed('roles: [lead]', 'roles: [lead], count: 3'), files);
  assert.deepEqual(harder, ['floor: kept from the old version']);
});

test('what is assured once it is approved is asked for, and not denied', async () => {
  const head = '(principal, action == Action::"callTool", resource in ToolClass::"force")';
  const floor = {
    'assurances.cedar': `@id("floor") @clause("open") permit${head}
      when { context.persons == 0 && context.approvals.containsAll([ "lead" ]) };`,
  };
  assert.equal((await proof(floor)).verdict, 'proven');
  // With the approval it is permitted all the same; but nobody would be asked.
  const red = `@id("red") @clause("forbidden")
    forbid${head} unless { context.approvals.contains("lead") };`;
  assert.deepEqual(await refuted({ ...floor, 'redlines.cedar': red }), ['floor: above the floor']);
  const { problems } = await proof({ ...floor, 'redlines.cedar': red });
  assert.match(problems[0]?.message ?? '', /^The terms deny, and ask nobody to approve/);
  assert.deepEqual(problems[0]?.example?.context['approvals'], []);
});

test('a tool class cannot lose what a red line names it for', async () => {
  const redLine = `@id("red") @clause("forbidden")
    forbid(principal, action == Action::"callTool", resource in ToolClass::"force")
    unless { context.approvals.contains("lead") };`;
  const files = { 'redlines.cedar': redLine };
  const emptied = manifest().replace("names: ['fire*']", 'names: []');
  assert.deepEqual(await refuted({ ...files, 'terms.yaml': emptied }, files), [
    'red: kept from the old version',
  ]);
  const wider = manifest().replace("'fire*'", "'fire*', 'shoot*'");
  assert.equal((await proof({ ...files, 'terms.yaml': wider }, files)).verdict, 'proven');
});

test('a red line keeps its id, and the parties that must release it', async () => {
  const [a, b] = ['supplier', 'customer'].map(
    (name) => parseSignerKey(makeSignerKey(name)).verifier.text,
  );
  const parties = `parties:
  - { id: supplier, name: The supplier, keys: ['${a}'] }
  - { id: customer, name: The customer, keys: ['${b}'] }
`;
  const signed = { 'terms.yaml': manifest(parties) };
  const lost = ['red: kept from the old version'];
  assert.equal((await proof(signed, signed)).verdict, 'proven');
  const one = { 'redlines.cedar': RED_LINE.replace('@clause', '@parties("supplier") @clause') };
  assert.deepEqual(await refuted({ ...signed, ...one }, signed), lost);
  assert.equal((await proof({ ...signed, ...one }, { ...signed, ...one })).verdict, 'proven');
  const renamed = { 'redlines.cedar': RED_LINE.replace('red', 'crimson') };
  assert.deepEqual(await refuted({ ...signed, ...renamed }, signed), lost);
  assert.equal((await proof(renamed, {})).verdict, 'proven');
});

test('what the solver cannot decide is not proven', async () => {
  const pack = parsePack(smallPack(BOUND), 'new');
  const silent: Solver = {
    ask: () => Promise.resolve({ verdict: 'unknown', reason: 'asked too much' }),
    close: () => Promise.resolve(),
  };
  const prover = new Prover(pack.schema, silent);
  const { verdict, problems } = await provePack(prover, pack, pack, () => undefined);
  assert.equal(verdict, 'unknown');
  assert.deepEqual([...new Set(problems.map(({ result }) => result))], ['unknown']);
  assert.match(problems[0]?.message ?? '', /asked too much/);
});

/** The small pack with the words of its last clause changed, or only moved and called otherwise. */
function wordings(): { readonly reworded: Files; readonly moved: Files } {
  const text = Buffer.from(smallPack().get('text.md') ?? []).toString();
  const yaml = manifest();
  const [clause = ''] = /^ *- \{ id: forbidden,.*$/m.exec(yaml) ?? [];
  const [, start = '', end = ''] = /start: (\d+), end: (\d+)/.exec(clause) ?? [];
  const words = Buffer.from(text).subarray(Number(start), Number(end));
  const looser = Buffer.from(words.toString().replace('Nothing', 'Hardly anything'));
  const at = (bytes: Buffer, from: number): string =>
    `{ id: forbidden, start: ${from}, end: ${from + bytes.length}, sha256: ${sha256(bytes)} }`;
  const isAt = /\{ id: forbidden,.*$/m;
  const added = 'One more line.\n\n';
  return {
    reworded: {
      'text.md': text.replace(words.toString(), looser.toString()),
      'terms.yaml': yaml.replace(isAt, at(looser, Number(start))),
    },
    moved: {
      'text.md': text.replace(words.toString(), added + words.toString()),
      'terms.yaml': yaml.replace(isAt, at(words, Number(start) + added.length)),
    },
  };
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
