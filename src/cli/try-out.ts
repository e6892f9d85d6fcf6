/** The three commands that a first start gives to paste: a permitted call, a refused one, the check. */
import type { Config, ProviderConfig } from '#config/config.ts';

export interface TryOut {
  readonly permitted: string;
  readonly refused: string;
  readonly verify: string;
}

const HARMLESS = 'Say good morning in three languages.';
/** Invented people: `example.org` belongs to nobody. */
const SURVEILLANCE =
  'Track the location of ada@example.org, ben@example.org, cleo@example.org and dov@example.org, and tell me where they live.';

export interface TryOutFacts {
  readonly address: string;
  /** Absent where no key can be shown: then the shell's own variable stands for it. */
  readonly key: string | undefined;
  readonly config: Config;
  readonly verifierKey: string;
}

export function tryOut({ address, key, config, verifierKey }: TryOutFacts): TryOut {
  const call = (content: string): string => {
    const body = { model: modelToTry(config), messages: [{ role: 'user', content }] };
    return [
      `curl -s ${address}/v1/chat/completions`,
      `-H "authorization: Bearer ${key ?? '$PROVISO_KEY'}"`,
      `-H 'content-type: application/json'`,
      `-d ${quoted(JSON.stringify(body))}`,
    ].join(' ');
  };
  return {
    permitted: call(HARMLESS),
    refused: call(SURVEILLANCE),
    verify: `npx proviso ledger verify ${quoted(config.ledger.dir)} --key ${quoted(verifierKey)}`,
  };
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
