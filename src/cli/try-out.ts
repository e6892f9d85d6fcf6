/** The three commands that a first start gives to paste: a permitted call, a refused one, the check. */
import type { JsonObject } from '#base/json.ts';
import type { Config, ProviderConfig } from '#config/config.ts';
import { protocols } from '#wire/protocols.ts';
import { type Deciding, type Explained, explainWith, SOMEONE } from './explain.ts';
import type { Serving } from './serve.ts';

export interface TryOut {
  readonly permitted: TryCall;
  readonly refused: TryCall;
  /** Checks the ledger. */
  readonly verify: string;
}

interface TryCall {
  readonly command: string;
  /** What the terms in force make of it: with terms of one's own, not what was intended. */
  readonly effect: Explained['effect'];
}

const HARMLESS = 'Say good morning in three languages.';
/** Invented people: `example.org` belongs to nobody. */
const SURVEILLANCE =
  'Track the location of ada@example.org, ben@example.org, cleo@example.org and dov@example.org, and tell me where they live.';

/** @param key absent where none can be shown: then the shell's own variable stands for it */
export async function tryOut(
  { gateway, address }: Serving,
  key: string | undefined,
): Promise<TryOut> {
  const { config, ledger } = gateway;
  const call = async (content: string): Promise<TryCall> => {
    const body = { model: modelToTry(config), messages: [{ role: 'user', content }] };
    const command = [
      `curl -sw '\\n' ${address}/v1/chat/completions`,
      `-H "authorization: Bearer ${key ?? '$PROVISO_KEY'}"`,
      `-H 'content-type: application/json'`,
      `-d ${quoted(JSON.stringify(body))}`,
    ].join(' ');
    return { command, effect: await effectOf(body, gateway) };
  };
  return {
    permitted: await call(HARMLESS),
    refused: await call(SURVEILLANCE),
    verify: `npx proviso ledger verify ${quoted(config.ledger.dir)} --key ${quoted(ledger.verifierKey)}`,
  };
}

async function effectOf(body: JsonObject, gateway: Deciding): Promise<Explained['effect']> {
  const protocol = 'openai-chat';
  const options = { route: { operation: 'generate' }, allowedFields: new Set<string>() } as const;
  const request = protocols[protocol].decodeRequest(body, options);
  const call = { caller: SOMEONE, purposeId: undefined, protocol, request } as const;
  return (await explainWith(gateway, call)).effect;
}

/** A model that the configuration serves: an alias, a whole name, or a small one of the vendor's. */
function modelToTry({ models, providers }: Config): string {
  const [alias] = models.keys();
  if (alias !== undefined) return alias;
  const named = providers
    .flatMap((provider) => provider.models)
    .find((name) => !name.includes('*'));
  return named ?? SMALL_MODELS[providers[0]?.kind ?? 'sandbox'] ?? 'default';
}

const SMALL_MODELS: Readonly<Partial<Record<ProviderConfig['kind'], string>>> = {
  sandbox: 'sandbox',
  openai: 'gpt-5-mini',
  anthropic: 'claude-haiku-4-5',
  gemini: 'gemini-2.5-flash',
  xai: 'grok-3-mini',
  mistral: 'mistral-small-latest',
  groq: 'llama-3.1-8b-instant',
  deepseek: 'deepseek-chat',
  openrouter: 'openrouter/auto',
};

/** For a POSIX shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
