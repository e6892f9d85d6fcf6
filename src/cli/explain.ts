/**
 * A decision with everything that it stands on, made by the pipeline's own stages up to the one
 * that would record it.
 */
import { userInfo } from 'node:os';
import { openControl } from '#admin/open.ts';
import type { Control } from '#admin/operation.ts';
import { type KeyRow, keyRequest, listKeys } from '#admin/operations/keys.ts';
import { listPurposes, type PurposeRow } from '#admin/operations/purposes.ts';
import { type ErrorCode, ProvisoError } from '#base/errors.ts';
import type { JsonObject, JsonValue } from '#base/json.ts';
import { claimedId } from '#caller/key.ts';
import type { Caller } from '#caller/ring.ts';
import type { Config } from '#config/config.ts';
import { decideCall } from '#gateway/decide.ts';
import { detectorsFor } from '#gateway/detectors.ts';
import { openRouting } from '#gateway/gateway.ts';
import type { Routing } from '#providers/provider.ts';
import { declarePurpose } from '#purpose/declare.ts';
import { type Purpose, PurposeRegister } from '#purpose/register.ts';
import { classify, type Signals } from '#signals/classify.ts';
import type { Detector } from '#signals/detector.ts';
import type { Decision } from '#terms/decide.ts';
import { loadPack, type Pack } from '#terms/pack.ts';
import { compileTerms, type Terms } from '#terms/terms.ts';
import type { ExchangeRequest, Protocol } from '#wire/exchange.ts';
import { protocols } from '#wire/protocols.ts';
import { packInForce, readActivations } from './terms-in-force.ts';

export interface Unexplained {
  readonly config: Config;
  readonly body: JsonObject;
  readonly protocol: Protocol;
  /** Where the body does not name it. */
  readonly model: string | undefined;
  /** JSON of a caller, or of as much of one as matters. */
  readonly caller: string | undefined;
  readonly keyId: string | undefined;
  readonly purposeId: string | undefined;
  /** A folder in the place of the terms in force. */
  readonly termsDir: string | undefined;
}

export interface Explained {
  readonly effect: Decision['effect'];
  readonly code?: ErrorCode | undefined;
  readonly reason?: string | undefined;
  readonly rules: Decision['rules'];
  readonly errors: Decision['errors'];
  readonly terms: { readonly id: string; readonly version: string; readonly hash: string };
  readonly call: {
    readonly operation: string;
    readonly protocol: Protocol;
    readonly streamed: boolean;
    readonly targets: readonly string[];
    readonly caller: string;
    readonly organisation: string;
    readonly purpose: string | undefined;
    readonly tools: readonly string[];
    readonly providerTools: readonly string[];
  };
  readonly signals: Omit<Signals, 'subjects'>;
  /** Every question that was put to the terms. */
  readonly facts: readonly JsonValue[];
}

/** What decides: of a running gateway, or opened for this. */
export interface Deciding {
  readonly config: Config;
  readonly terms: Terms;
  readonly detectors: readonly Detector[];
  readonly routing: Routing;
  readonly purposes: PurposeRegister;
}

/** Under the terms in force, whether a gateway runs or not. */
export async function explain(call: Unexplained): Promise<Explained> {
  const { config } = call;
  const terms = compileTerms(await packFor(call));
  const { caller, purposes } = await whoAsks(call);
  const routing = openRouting(config, undefined);
  return explainWith(
    { config, terms, detectors: detectorsFor(terms), routing, purposes },
    { caller, purposeId: call.purposeId, protocol: call.protocol, request: decodeRequest(call) },
  );
}

/** The named pack; else the one in force; else the one that would found the ledger. */
async function packFor({ config, termsDir }: Unexplained): Promise<Pack> {
  if (termsDir !== undefined) return loadPack(termsDir);
  return packInForce(config, await readActivations(config)) ?? loadPack(config.termsDir);
}

export async function explainWith(
  { terms, detectors, routing, purposes }: Deciding,
  call: {
    readonly caller: Caller;
    readonly purposeId: string | undefined;
    readonly protocol: Protocol;
    readonly request: ExchangeRequest;
  },
): Promise<Explained> {
  const { caller, purposeId, protocol, request } = call;
  const { id, version, hash } = terms.pack;
  const asked = { ...call, targets: routing.targetsOf(request.model) };
  const { signals } = await classify(asked, detectors);
  const { subjects: _never, ...shown } = signals;
  const about = {
    terms: { id, version, hash },
    call: {
      operation: request.operation,
      protocol,
      streamed: request.operation === 'generate' && request.stream,
      targets: asked.targets.map(({ provider, model }) => `${provider.name}/${model}`),
      caller: caller.id,
      organisation: caller.organisation,
      purpose: purposeId ?? (caller.purposes.length === 1 ? caller.purposes[0] : undefined),
      ...toolNames(request),
    },
    signals: shown,
  };
  try {
    const declared = declarePurpose(asked, purposes, Date.now());
    const { decision, facts } = decideCall({ ...declared, signals }, terms, Date.now());
    return { ...decision, ...about, facts };
  } catch (thrown) {
    // The stages before the terms refuse too, each with its code.
    if (!(thrown instanceof ProvisoError) || !thrown.code.startsWith('purpose_')) throw thrown;
    const { code, publicMessage: reason } = thrown;
    return { effect: 'deny', code, reason, rules: [], errors: [], ...about, facts: [] };
  }
}

function decodeRequest({ config, body, protocol, model }: Unexplained): ExchangeRequest {
  const inPath = protocol === 'gemini';
  if (inPath && model === undefined) {
    throw new ProvisoError(
      'usage_invalid',
      'Gemini’s clients name the model in the path: give it with `--model`.',
    );
  }
  const route = {
    operation: 'generate' as const,
    ...(inPath && model !== undefined ? { model, stream: false } : {}),
  };
  const named = inPath || model === undefined ? body : { ...body, model };
  return protocols[protocol].decodeRequest(named, {
    route,
    allowedFields: config.allowedFields[protocol],
  });
}

function toolNames(request: ExchangeRequest) {
  const { tools, providerTools } =
    request.operation === 'generate' ? request : { tools: [], providerTools: [] };
  return {
    tools: tools.map(({ name }) => name),
    providerTools: providerTools.map(({ kind }) => kind),
  };
}

/** The configuration says enough, unless a key or a purpose of the ledger's is named. */
async function whoAsks({ config, caller, keyId, purposeId }: Unexplained) {
  const isConfigured = config.purposes.some(({ id }) => id === purposeId);
  const needsState = keyId !== undefined || (purposeId !== undefined && !isConfigured);
  if (!needsState) {
    return { caller: callerFrom(caller), purposes: new PurposeRegister(config.purposes) };
  }
  await using control = await openControl(config);
  const purposes = new PurposeRegister((await control.ask(listPurposes, {})).map(purposeFrom));
  const asker = keyId === undefined ? callerFrom(caller) : await holderOf(keyId, control);
  return { caller: asker, purposes };
}

/** Who a call is from where nothing is said. */
export const SOMEONE: Caller = {
  id: 'someone',
  keyId: 'none',
  owner: userInfo().username,
  organisation: 'local',
  teams: [],
  clearance: 0,
  purposes: [],
};

function callerFrom(json: string | undefined): Caller {
  if (json === undefined) return SOMEONE;
  const { id, keyId, ...unless } = SOMEONE;
  const parsed = keyRequest.safeParse({ caller: id, ...unless, ...jsonOption(json) });
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const field = issue?.path.join('.');
    throw new ProvisoError(
      'usage_invalid',
      `\`--caller\`${field ? ` \`${field}\`` : ''}: ${issue?.message ?? 'is not a caller'}.`,
    );
  }
  const { caller, expiresAt: _unused, ...given } = parsed.data;
  return { ...given, id: caller, keyId };
}

function jsonOption(json: string): object {
  try {
    return JSON.parse(json) as object;
  } catch (cause) {
    throw new ProvisoError('usage_invalid', '`--caller` is not JSON.', { cause });
  }
}

async function holderOf(keyId: string, control: Control): Promise<Caller> {
  const id = claimedId(keyId) ?? keyId.replace(/^prv_/, '');
  const row = (await control.ask(listKeys, {})).find((key: KeyRow) => key.id === id);
  if (!row?.holder) {
    throw new ProvisoError('caller_unknown', `No one holds a key \`${keyId}\`.`);
  }
  if (row.state !== 'active') {
    const code = row.state === 'expired' ? 'caller_expired' : 'caller_revoked';
    throw new ProvisoError(code, `The key \`prv_${id}\` is ${row.state}: it opens nothing.`);
  }
  const { caller, expiresAt: _unused, ...holder } = row.holder;
  return { ...holder, id: caller, keyId: id };
}

function purposeFrom({ state: _state, endsAt, ...rest }: PurposeRow): Purpose {
  return endsAt === undefined ? rest : { ...rest, endsAt: Date.parse(endsAt) };
}
