/** The signed head in force: what others compare, and who has cosigned it. */
import { join } from 'node:path';
import { z } from 'zod';
import { openCheckpoint } from '#ledger/checkpoint.ts';
import type { Ledger } from '#ledger/ledger.ts';
import { openWitnessed, readPolicy, type WitnessPolicy } from '#ledger/policy.ts';
import { WITNESSED_FILE } from '#ledger/public-files.ts';
import { readIfThere } from '#ledger/read.ts';
import { hashToBase64 } from '#ledger/tree.ts';
import { operation, shapes } from '../operation.ts';
import type { Web } from '../web.ts';

const witnessing = z.strictObject({
  quorum: z.string().describe('Whose cosignatures must be there, such as `2 of harbour, pilots`.'),
  isQuorum: z.boolean().describe('Whether this checkpoint has them.'),
  waitingMs: z.int().optional().describe('How long what is newer has waited for its quorum.'),
  witnesses: z.array(
    z.strictObject({
      name: z.string(),
      verifierKey: z.string(),
      hasCosigned: z.boolean().describe('This checkpoint.'),
      problem: z.string().optional().describe('Why it did not, the last time it was asked.'),
    }),
  ),
});

const checkpoint = z.strictObject({
  text: z.string().describe('A signed note: https://c2sp.org/tlog-checkpoint.'),
  origin: z.string(),
  size: z.int().describe('Entries that it covers.'),
  root: z.string().describe('Of the tree over them, base64.'),
  newest: z.int().describe('Entries that are published; more, where cosignatures are awaited.'),
  verifierKeys: z.array(z.string()).describe('Of the ledger, as this gateway names them.'),
  witnessing: witnessing.optional().describe('Where witnesses are configured.'),
});

export const getCheckpoint = operation({
  method: 'GET',
  path: '/v1/checkpoint',
  summary: 'The checkpoint in force: the newest that its quorum of witnesses has cosigned.',
  access: ['administrator', 'overseer', 'auditor'],
  input: shapes.nothing,
  result: checkpoint,
  async run({ state: { ledger, config }, web }) {
    await ledger.flush();
    const { witnesses } = config.ledger;
    const policy = witnesses && (await readPolicy(witnesses.policy));
    const newest = Buffer.from(ledger.checkpoint);
    const cosigned = policy && (await readIfThere(join(ledger.dir, WITNESSED_FILE)));
    const note = cosigned ?? newest;
    const { origin, size, root } = openCheckpoint(note, ledger.verifiers[0]);
    return {
      text: note.toString(),
      origin,
      size,
      root: hashToBase64(root),
      newest: openCheckpoint(newest, ledger.verifiers[0]).size,
      verifierKeys: ledger.verifiers.map(({ text }) => text),
      ...(policy && { witnessing: witnessedBy(note, policy, ledger, web?.witnessing) }),
    };
  },
});

function witnessedBy(
  note: Uint8Array,
  policy: WitnessPolicy,
  { verifiers }: Ledger,
  running: Web['witnessing'],
): z.infer<typeof witnessing> {
  const { isQuorum, witnesses } = openWitnessed(note, verifiers[0], policy);
  const problemOf = (name: string) =>
    running?.sites.find((site) => site.witnesses.includes(name))?.problem;
  return {
    quorum: policy.quorum,
    isQuorum,
    ...(running && { waitingMs: running.behindMs }),
    witnesses: policy.witnesses.map(({ name, verifier }) => {
      const problem = problemOf(name);
      return {
        name,
        verifierKey: verifier.text,
        hasCosigned: witnesses.includes(name),
        ...(problem === undefined ? {} : { problem }),
      };
    }),
  };
}
