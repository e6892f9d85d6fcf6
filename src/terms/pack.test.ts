import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { ProvisoError } from '#base/errors.ts';
import { manifest, smallPack } from './pack.example.ts';
import { loadPack, parsePack } from './pack.ts';
import { testPack } from './test-pack.ts';

const folder = mkdtempSync(join(tmpdir(), 'proviso-pack-'));
after(() => rmSync(folder, { recursive: true }));

/** The problems of the small pack with some files changed, without the folder's name. */
function problemsOf(changed: Readonly<Record<string, string | undefined>>): readonly string[] {
  try {
    parsePack(smallPack(changed), 'p');
  } catch (error) {
    assert.ok(error instanceof ProvisoError);
    assert.equal(error.code, 'terms_invalid');
    const problems = error.facts['problems'];
    assert.ok(Array.isArray(problems));
    assert.equal(error.message, problems.join('\n'));
    return problems.map((problem: string) => problem.replace(/^p\//, ''));
  }
  return [];
}

test('a pack is read whole', () => {
  const pack = parsePack(smallPack(), 'p');
  assert.deepEqual([pack.id, pack.version, pack.title], ['small', '1.0.0', 'Small terms']);
  assert.deepEqual(pack.topics, { force: ['open fire'] });
  assert.deepEqual([...pack.toolClasses], [['force', ['fire*']]]);
  assert.deepEqual(
    pack.rules.map(({ policy }) => policy.id),
    ['no-persons', 'ask-first', 'needs-a-purpose', 'open'],
  );
  assert.deepEqual(
    pack.rules.map(({ hold }) => hold),
    [undefined, 'lead', undefined, undefined],
  );
});

test('the hash is of every file, and of nothing else', () => {
  const { hash } = parsePack(smallPack(), 'p');
  assert.match(hash, /^[0-9a-f]{64}$/);
  assert.equal(parsePack(smallPack(), 'elsewhere').hash, hash);
  for (const path of smallPack().keys()) {
    const comment = path.endsWith('.yaml') || path === 'text.md' ? '\n# more\n' : '\n// more\n';
    const text = Buffer.from(smallPack().get(path) ?? '').toString() + comment;
    if (path === 'text.md') continue;
    assert.notEqual(parsePack(smallPack({ [path]: text }), 'p').hash, hash, path);
  }
  // Known value: the format is signed, so it must not change by accident.
  assert.equal(hash, EXPECTED_HASH);
});

test('a pack on disk is the same, with what stands beside it left out', () => {
  const dir = join(folder, 'pack');
  for (const [path, bytes] of smallPack()) {
    mkdirSync(join(dir, path, '..'), { recursive: true });
    writeFileSync(join(dir, path), bytes);
  }
  mkdirSync(join(dir, 'signatures'));
  writeFileSync(join(dir, 'signatures/supplier.sig'), 'x');
  writeFileSync(join(dir, 'README.md'), 'x');
  assert.equal(loadPack(dir).hash, EXPECTED_HASH);
  cpSync(join(dir, 'rules/open.cedar'), join(dir, 'rules/open.ceder'));
  assert.throws(() => loadPack(dir), {
    code: 'terms_invalid',
    at: `${dir}/rules/open.ceder`,
    message: `${dir}/rules/open.ceder: Not part of a pack; is its name misspelt?`,
  });
  assert.throws(() => loadPack(join(folder, 'nowhere')), { code: 'terms_invalid' });
});

test('syntax errors are told by line and column, in characters and not in bytes', () => {
  assert.deepEqual(
    problemsOf({ 'rules/open.cedar': '// “é”\n@id("é") permit(principal,, action);' }),
    ['rules/open.cedar:2:27: unexpected token `,`'],
  );
  assert.deepEqual(problemsOf({ 'schema.cedarschema': 'entity Ship;\nentity Boat in [Shop];' }), [
    'schema.cedarschema:2:17: failed to resolve type: Shop (`Shop` has not been declared as an entity type)',
  ]);
  assert.deepEqual(problemsOf({ 'schema.cedarschema': 'entity Team;' }).length, 1);
});

test('the official validator’s errors and warnings are told by line and column', () => {
  const rules = `// “é”
@id("open") @clause("open")
permit(principal, action, resource)
when { context.persns > 3 };

@id("never") @clause("open")
forbid(principal is Model, action == Action::"callTool", resource);
`;
  const problems = problemsOf({ 'rules/open.cedar': rules });
  assert.match(
    problems[0] ?? '',
    /^rules\/open\.cedar:4:8: .*`persns` .*\(did you mean `persons`\?\)/,
  );
  assert.match(problems.join('\n'), /^rules\/open\.cedar:6:1: .*impossible/m);
});

test('what a rule lacks or says wrongly is told', () => {
  const cases: readonly (readonly [rule: string, problem: RegExp])[] = [
    ['permit(principal, action, resource);', /Needs an `@id/],
    ['@id("Bad Id") @clause("open") permit(principal, action, resource);', /Needs an `@id/],
    ['@id("x") permit(principal, action, resource);', /Needs a `@clause/],
    ['@id("x") @clause("opne") permit(principal, action, resource);', /clause `opne` is not in/],
    ['@id("open") @clause("open") permit(principal, action, resource);', /`open` is given twice/],
    ['@id("x") @clause("open") @hodl("a") forbid(principal, action, resource);', /`@hodl` is not/],
    ['@id("x") @clause("open") @hold("a") permit(principal, action, resource);', /Only a forbid/],
    [
      '@id("x") @clause("open") @hold forbid(principal, action, resource);',
      /must name an approval/,
    ],
    ['@id("x") @clause("open") @asks("x") forbid(principal, action, resource);', /Only `@asks/],
    ['@id("x") @clause("open") permit(principal == ?principal, action, resource);', /A template/],
    [
      '@id("x") @clause("open") forbid(principal, action, resource) when { Purpose::"a" has owner };',
      /Reads attributes, tags or groups/,
    ],
    [
      '@id("x") @clause("open") forbid(principal, action, resource) when { Team::"a" in Organisation::"b" };',
      /Reads attributes, tags or groups/,
    ],
  ];
  for (const [rule, problem] of cases) {
    const problems = problemsOf({ 'rules/more.cedar': `\n${rule}\n` });
    assert.match(problems[0] ?? 'none', /^rules\/(more\.cedar:2|open\.cedar:1):1: /, rule);
    assert.match(problems.join('\n'), problem, rule);
  }
  const forbid = '@id("x") @clause("open") forbid(principal, action, resource);';
  const permit = '@id("x") @clause("open") permit(principal, action, resource);';
  assert.match(problemsOf({ 'redlines.cedar': permit }).join(), /A red line forbids/);
  assert.match(problemsOf({ 'assurances.cedar': forbid }).join(), /An assurance permits/);
});

test('terms.yaml and tests are told by line and column', () => {
  assert.deepEqual(problemsOf({ 'terms.yaml': manifest('partys: []\n') }), [
    'terms.yaml:13:1: `partys` is not known here.',
  ]);
  assert.deepEqual(problemsOf({ 'terms.yaml': 'id: [' }).length, 1);
  assert.deepEqual(problemsOf({ 'tests/all.yaml': '- name: x\n  expect: prmit\n  call: {}\n' }), [
    'tests/all.yaml:2:3: `0.expect`: Invalid option: expected one of "permit"|"deny"|"hold".',
  ]);
  assert.deepEqual(problemsOf({ 'tests/all.yaml': '- { name: x, expect: permit }\n' }), [
    'tests/all.yaml:1:3: `0`: needs exactly one of `call` and `toolCall`.',
  ]);
  assert.deepEqual(problemsOf({ 'tests/all.yaml': '' }).length, 1);
});

test('wording that changed is told, and words that only moved are found', () => {
  const text = Buffer.from(smallPack().get('text.md') ?? '').toString();
  const [changed] = problemsOf({ 'text.md': text.replace('is open that', 'was open that') });
  assert.match(changed ?? '', /^terms\.yaml:11:\d+: The wording of `open` is not what was agreed/);
  const moved = problemsOf({ 'text.md': `# New\n${text}` });
  assert.equal(moved.length, 2);
  assert.match(moved[0] ?? '', /the agreed words now start at 15\.$/);
  assert.match(problemsOf({ 'text.md': 'short' }).join(), /not within text\.md, which has 5 bytes/);
});

test('a clause has a rule, or says why it has none', () => {
  const clause = (more: string): string =>
    `  - { id: x, start: 0, end: 1, sha256: ${'334359b90efed75da5f0ada1d5e6b256f4a6bd0aee7eb39c0f90182a021ffc8b'}${more} }\n`;
  assert.match(
    problemsOf({ 'terms.yaml': manifest(clause('')) }).join(),
    /No rule names the clause `x`/,
  );
  const told = manifest(clause(', notEnforced: No software can.'));
  assert.deepEqual(problemsOf({ 'terms.yaml': told }), []);
  const more = '@id("more") @clause("x") forbid(principal, action, resource);';
  assert.deepEqual(problemsOf({ 'terms.yaml': told, 'rules/more.cedar': more }), [
    'terms.yaml:13:106: `notEnforced` says why no rule enforces the clause `x`, and `more` does.',
  ]);
});

test('a name that no call can have is misspelt', () => {
  const problems = (condition: string): readonly string[] =>
    problemsOf({
      'rules/more.cedar': `@id("x") @clause("open")
forbid(principal, action == Action::"callTool", resource) when { ${condition} };`,
    });
  const at = 'rules/more.cedar:2';
  const cases = [
    ['resource in ToolClass::"forse"', `${at}:89: The tool class \`forse\` is not in terms.yaml.`],
    ['context.topics.contains("forse")', `${at}:90: The topic \`forse\` is not in terms.yaml.`],
    [
      '!context.toolTopics.containsAny(["force", "forse"])',
      `${at}:108: The topic \`forse\` is not in terms.yaml.`,
    ],
    ['context.approvals.contains("leed")', `${at}:93: The approval \`leed\` is not in terms.yaml.`],
  ] as const;
  for (const [condition, problem] of cases) assert.deepEqual(problems(condition), [problem]);
  for (const known of ['resource in ToolClass::"unclassified"', 'context.topics.isEmpty()']) {
    assert.deepEqual(problems(known), []);
  }
});

test('an approval lifts the forbid that asks for it', () => {
  const asking = (condition: string): readonly string[] =>
    problemsOf({
      'rules/more.cedar': `@id("x") @clause("open") @hold("lead")
forbid(principal, action, resource) ${condition};`,
    });
  for (const condition of ['', 'when { context.approvals.contains("lead") }']) {
    assert.match(
      asking(condition).join(),
      /more\.cedar:1:1: The approval `lead` .* does not lift it/,
    );
  }
  assert.deepEqual(asking('unless { context.approvals.contains("lead") }'), []);
  assert.deepEqual(asking('when { context.approvals.isEmpty() }'), []);
});

test('a pack’s own schema leaves the base schema as it is', () => {
  for (const own of ['entity datetime;', 'type datetime = String;']) {
    assert.match(
      problemsOf({ 'schema.cedarschema': own }).join(),
      /^schema\.cedarschema:1:1: Changes what `\w+` is asked about/,
      own,
    );
  }
  assert.notDeepEqual(problemsOf({ 'schema.cedarschema': 'entity Long;' }), []);
  const own =
    'entity Ship; action dock in [call] appliesTo { principal: Caller, resource: Ship, context: CallContext };';
  assert.deepEqual(problemsOf({ 'schema.cedarschema': own }), []);
});

test('a hold and its approval name each other', () => {
  const more = '@id("x") @clause("open") @hold("leed") forbid(principal, action, resource);';
  assert.deepEqual(problemsOf({ 'rules/more.cedar': more }), [
    'rules/more.cedar:1:1: The approval `leed` is not in `approvals` of terms.yaml.',
  ]);
  const unused = manifest().replace(
    'approvals:\n',
    'approvals:\n  x: { meaning: X., roles: [a] }\n',
  );
  assert.deepEqual(problemsOf({ 'terms.yaml': unused }), [
    'terms.yaml:7:3: No rule has `@hold("x")`.',
  ]);
});

test('what an approval asks is complete, durations are milliseconds, and mistakes are told', () => {
  assert.deepEqual(parsePack(smallPack(), 'p').approvals.get('lead'), {
    meaning: 'A lead looked at it.',
    count: 1,
    roles: ['lead'],
    distinct: 'people',
    requesterExcluded: true,
    sameTeamExcluded: false,
    within: 600_000,
    validFor: 120_000,
    localKeys: false,
  });
  const wrong = ['10', '0s', 'm', '', '31d', '1m1h', '-1m'].map((within) => `within: '${within}'`);
  for (const field of [...wrong, 'roles: []', 'count: 0', 'count: 9', 'validFor: 2d', 'more: 1']) {
    const key = field.slice(0, field.indexOf(':'));
    const given = { meaning: 'meaning: X.', roles: 'roles: [lead]', [key]: field };
    const text = manifest().replace(
      / {2}lead: .*/,
      `  lead: { ${Object.values(given).join(', ')} }`,
    );
    assert.match(
      problemsOf({ 'terms.yaml': text })[0] ?? 'none',
      new RegExp(`\\b${key}\`?`),
      field,
    );
  }
});

test('tests of a pack pass, fail and cover', () => {
  const tests = `
- { name: right, call: {}, expect: permit, rules: [open] }
- { name: wrong effect, call: { persons: 1 }, expect: permit }
- { name: wrong rules, call: { persons: 1 }, expect: deny, rules: [open] }
- { name: wrong code, call: { streamed: true }, expect: deny, code: terms_denied }
`;
  const report = testPack(parsePack(smallPack({ 'tests/all.yaml': tests }), 'p'));
  assert.deepEqual(
    report.results.map(({ failure }) => failure),
    [
      undefined,
      'expected permit, got deny by [no-persons]',
      'expected the rules [open], got [no-persons]',
      'expected the code terms_denied, got purpose_required',
    ],
  );
  assert.deepEqual(
    report.results.map(({ test }) => test.line),
    [2, 3, 4, 5],
  );
  assert.deepEqual(report.covered, ['no-persons', 'needs-a-purpose', 'open']);
  assert.deepEqual(report.uncovered, ['ask-first']);
});

const EXPECTED_HASH = 'd5ce850ecd06abbe625cf588f8fc8ad5917e28e8bddb7d5ca07e791952098608';
