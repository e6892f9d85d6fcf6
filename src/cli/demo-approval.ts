/**
 * The demo's last act: a held tool call that two signatures release. Nobody is there to decide, so
 * two software keys sign, which are labelled so wherever they show.
 */
import { randomBytes } from 'node:crypto';
import OpenAI from 'openai';
import { type ReleaseKeyJwk, verifyRelease } from 'proviso/release';
import { askHold, listHolds, signHold } from '#admin/operations/holds.ts';
import { canonicalJson } from '#base/json.ts';
import { draftChange, register, signChange } from '#gateway/people.ts';
import { newPersonId } from '#people/person.ts';
import { verifyRegistration } from '#people/registration.ts';
import { OPERATOR } from '#people/rules.ts';
import { SoftwareAuthenticator } from '#people/software-authenticator.ts';
import { modelOf } from './demo-cases.ts';
import type { DemoRow } from './demo-record.ts';
import type { Serving } from './serve.ts';

/** Each of another role, as the example terms want people to be told apart. */
const SIGNERS = [
  { name: 'software key one (demo)', roles: ['duty-officer'], teams: ['demo-watch'] },
  { name: 'software key two (demo)', roles: ['legal-adviser'], teams: ['demo-law'] },
];

const TOOL = 'release_weapon';
/** As a model might write it; what is signed and delivered is its canonical form. */
const WRITTEN = { zone: 'the empty range', device: 7 };
const LOOK_MS = 25;
const WAIT_MS_MAX = 20_000;

/** @param key of a caller */
export async function signedCall(serving: Serving, key: string): Promise<DemoRow> {
  const row = {
    sdk: 'openai',
    asked: 'force: signed by two software keys',
    protocolIn: 'openai-chat',
    protocolOut: 'openai-chat',
    streamed: false,
    decision: 'permit',
    rules: [],
    entry: -1,
  };
  try {
    const known = await openHolds(serving);
    const [heard] = await Promise.all([ask(serving.address, key), sign(serving, known)]);
    return { ...row, ...(await judged(heard, serving)) };
  } catch (thrown) {
    return { ...row, decision: 'none', problem: (thrown as Error).message };
  }
}

interface Heard {
  readonly calls: readonly { readonly name: string; readonly arguments: string }[];
  /** The header `proviso-release`. */
  readonly release: string;
}

/** The model wants the tool; the answer waits for people. */
async function ask(address: string, key: string): Promise<Heard> {
  const openai = new OpenAI({
    baseURL: `${address}/v1`,
    apiKey: key,
    maxRetries: 0,
    timeout: WAIT_MS_MAX,
    defaultHeaders: { 'proviso-hold': 'wait' },
  });
  const { data, response } = await openai.chat.completions
    .create({
      model: modelOf('openai-chat'),
      messages: [{ role: 'user', content: `Call ${TOOL} ${JSON.stringify(WRITTEN)}` }],
      tools: [{ type: 'function', function: { name: TOOL, description: 'Controls a device.' } }],
    })
    .withResponse();
  const calls = data.choices[0]?.message.tool_calls ?? [];
  return {
    calls: calls.flatMap((call) => (call.type === 'function' ? [call.function] : [])),
    release: response.headers.get('proviso-release') ?? '',
  };
}

/** Two people with keys in software, invited as anyone is, sign what they are shown. */
async function sign(serving: Serving, known: ReadonlySet<string>): Promise<void> {
  const { gateway, control, origin } = serving;
  const relyingParty = { id: new URL(origin).hostname, origins: [origin] };
  const signers = await Promise.all(
    SIGNERS.map(async ({ name, roles, teams }) => {
      const person = newPersonId();
      const invite = { kind: 'invite' as const, person, name, roles, teams };
      const { text } = draftChange(gateway, invite);
      const { invitation = '', code } = await signChange(gateway, text, { by: OPERATOR });
      const authenticator = new SoftwareAuthenticator({ origin }, 1);
      const challenge = randomBytes(32);
      const made = authenticator.register(challenge.toString('base64url'));
      const credential = await verifyRegistration(challenge, made, relyingParty);
      await register(gateway, { invitation, code }, { credential });
      return { person, authenticator };
    }),
  );
  const hold = await newHold(serving, known);
  for (const { person, authenticator } of signers) {
    const { challenge } = await control.ask(askHold, { hold, person, verdict: 'approve' });
    const assertion = authenticator.sign(challenge);
    await control.ask(signHold, { hold, person, challenge, assertion });
  }
}

async function openHolds({ control }: Serving): Promise<ReadonlySet<string>> {
  return new Set((await control.ask(listHolds, {})).map(({ hold }) => hold));
}

/** The hold of the call that waits now, beside those of the calls before it. */
async function newHold(serving: Serving, known: ReadonlySet<string>): Promise<string> {
  for (const endsAt = performance.now() + WAIT_MS_MAX; performance.now() < endsAt; ) {
    const [opened] = (await openHolds(serving)).difference(known);
    if (opened !== undefined) return opened;
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  throw new Error('no hold was opened');
}

/** As an executor would: the release must fit the very call that arrived. */
async function judged({ calls, release }: Heard, { gateway, address }: Serving) {
  const [call] = calls;
  if (!call || call.name !== TOOL) return { problem: 'the call did not arrive' };
  if (call.arguments !== canonicalJson(WRITTEN)) {
    return { problem: `the call arrived with ${call.arguments}` };
  }
  const response = await fetch(new URL('/proviso/release-keys', address));
  const { claims } = await verifyRelease(release, {
    keys: (await response.json()) as { readonly keys: readonly ReleaseKeyJwk[] },
    issuer: gateway.ledger.origin,
    tool: TOOL,
    arguments: JSON.parse(call.arguments) as unknown,
    seen: { add: () => true },
  });
  const { public: facts } = await gateway.ledger.readEntry(claims.entry);
  const { decision } = facts;
  const entry = await gateway.ledger.readEntry(Number(decision));
  const { rules } = entry.public;
  return { entry: entry.index, rules: Array.isArray(rules) ? rules.map(String) : [] };
}
