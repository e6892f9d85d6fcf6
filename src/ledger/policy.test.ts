import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeSignerKey, parseSignerKey, signatureLine } from '#base/note.ts';
import { signCheckpoint } from './checkpoint.ts';
import { makeCosignerKey, parseCosignerKey, signerAt } from './cosignature.ts';
import { openWitnessed, parsePolicy } from './policy.ts';
import { EMPTY_ROOT } from './tree.ts';

const log = parseSignerKey(makeSignerKey('example.com/log'));
const cosigners = ['x1', 'x2', 'x3', 'y1'].map((name, i) =>
  parseCosignerKey(makeCosignerKey(`witness.example.org/${name}`, i % 2 ? 'ml-dsa-44' : 'ed25519')),
);
const [x1, x2, x3, y1] = cosigners.map(({ verifier }) => verifier.text) as [
  string,
  string,
  string,
  string,
];
const TEXT = `# two of X, and Y
log ${log.verifier.text} https://log.example.com/

witness X1 ${x1} https://x1.example.org/
witness X2 ${x2}
\twitness  X3\t${x3}
witness Y ${y1} http://127.0.0.1:1/
group X 2 X1 X2 X3
group both all X Y
quorum both
`;
const checkpoint = signCheckpoint(0, EMPTY_ROOT, log);
const lines = cosigners.map((cosigner) =>
  signatureLine(
    checkpoint.slice(0, checkpoint.indexOf('\n\n') + 1),
    signerAt(cosigner, { now: () => 1_760_000_000_000 }),
  ),
);

test('a policy is read, and its quorum counted', () => {
  const policy = parsePolicy(TEXT);
  assert.deepEqual(
    policy.logs.map(({ verifier, url }) => [verifier.name, url]),
    [['example.com/log', 'https://log.example.com/']],
  );
  assert.deepEqual(
    policy.witnesses.map(({ name, verifier, url }) => [name, verifier.text, url]),
    [
      ['X1', x1, 'https://x1.example.org/'],
      ['X2', x2, undefined],
      ['X3', x3, undefined],
      ['Y', y1, 'http://127.0.0.1:1/'],
    ],
  );
  assert.equal(policy.quorum, '2 of (2 of X1, X2, X3), Y');
  const isQuorum = (...names: readonly string[]) => policy.isQuorum(new Set(names));
  assert.ok(isQuorum('X1', 'X2', 'Y'));
  assert.ok(isQuorum('X1', 'X2', 'X3', 'Y'));
  assert.ok(!isQuorum('X1', 'X2', 'X3'));
  assert.ok(!isQuorum('X1', 'Y'));
  assert.ok(!isQuorum());
});

test('a quorum of one witness, of any of two, of none', () => {
  const one = parsePolicy(`witness A ${x1}\nquorum A\n`);
  assert.deepEqual([one.isQuorum(new Set(['A'])), one.isQuorum(new Set())], [true, false]);
  const any = parsePolicy(`witness A ${x1}\nwitness B ${x2}\ngroup G any A B\nquorum G`);
  assert.deepEqual([any.isQuorum(new Set(['B'])), any.isQuorum(new Set())], [true, false]);
  const none = parsePolicy(`quorum none\n`);
  assert.deepEqual([none.isQuorum(new Set()), none.quorum], [true, 'none']);
});

test('what is not a policy is refused, with its line', () => {
  const wrong: readonly (readonly [text: string, problem: RegExp])[] = [
    ['', /no line says `quorum`/],
    ['quorum\n', /line 1: not `quorum/],
    ['quorum A\n', /line 1: `A` is not defined/],
    ['quorum none\nquorum none\n', /line 2: a second line/],
    [`witness A ${x1}\nwitness B ${x1}\nquorum none`, /line 2: the same key/],
    [`witness A ${x1}\nwitness A ${x2}\nquorum none`, /line 2: `A` is defined twice/],
    [`witness none ${x1}\nquorum none`, /`none` is no name/],
    [`witness A ${log.verifier.text}\nquorum none`, /line 1: .*type 04 or 06/],
    [`log ${x1}\nquorum none`, /line 1: .*type 01 or 06/],
    [`log ${log.verifier.text}\nlog ${log.verifier.text}\nquorum none`, /the same key/],
    [`witness A ${x1} u v\nquorum none`, /not `witness/],
    [`witness A ${x1}\ngroup G 2 A\nquorum G`, /`2` is none of `all`, `any` and 1 to 1/],
    [`witness A ${x1}\ngroup G 0 A\nquorum G`, /`0` is none of/],
    [`witness A ${x1}\ngroup G 01 A\nquorum G`, /`01` is none of/],
    [`witness A ${x1}\ngroup G all A A\nquorum G`, /`A` is in a group already/],
    [`witness A ${x1}\ngroup G all A\ngroup H all A\nquorum H`, /`A` is in a group already/],
    [`witness A ${x1}\ngroup G all B\nquorum G`, /`B` is not defined/],
    [`witness A ${x1}\ngroup G all none\nquorum G`, /`none` is not defined/],
    [`witness A ${x1}\ngroup G all G\nquorum G`, /`G` is not defined/],
    ['group G all\nquorum none', /not `group/],
    ['quorums none\n', /`quorums` is none of/],
    ['quorum none\r\n', /control character/],
  ];
  for (const [text, message] of wrong) {
    assert.throws(() => parsePolicy(text), { code: 'policy_invalid', message }, text);
  }
});

test('a checkpoint counts with the log’s signature and its quorum', () => {
  const policy = parsePolicy(TEXT);
  const open = (...some: readonly number[]) =>
    openWitnessed(
      Buffer.from(checkpoint + some.map((i) => lines[i] ?? '').join('')),
      log.verifier,
      policy,
    );
  assert.deepEqual(open().witnesses, []);
  assert.deepEqual(open(0, 3).witnesses, ['X1', 'Y']);
  assert.ok(!open(0, 3).isQuorum);
  assert.ok(!open(0, 0, 3).isQuorum, 'one witness twice is one');
  assert.ok(open(0, 1, 3).isQuorum);

  const withoutLog = checkpoint.replace(/— .*\n$/, '') + (lines[0] ?? '');
  assert.throws(() => openWitnessed(Buffer.from(withoutLog), log.verifier, policy), {
    code: 'note_invalid',
  });
  const [, , base64 = ''] = (lines[0] ?? '').trimEnd().split(' ');
  const blob = Buffer.from(base64, 'base64');
  blob[20] = (blob[20] ?? 0) ^ 1;
  const forged = `— witness.example.org/x1 ${blob.toString('base64')}\n`;
  assert.throws(() => openWitnessed(Buffer.from(checkpoint + forged), log.verifier, policy), {
    code: 'note_invalid',
  });
});
