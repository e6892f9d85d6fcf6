/** A ledger entry as a person reads it: one line, and as a list of facts. */
import type { JsonObject, JsonValue } from '#base/json.ts';
import type { Entry } from '#ledger/entry.ts';
import type { Output } from './output.ts';

/** `number  time  kind  effect  what`, aligned with the lines before and after. */
export function entryLine(entry: Entry, output: Output): string {
  const { index, at, kind } = entry;
  const effect = effectOf(entry);
  const padded = effect.padEnd(9);
  return [
    String(index).padStart(6),
    output.style('dim', instant(at)),
    kind.padEnd(8),
    TONES[effect] === undefined ? padded : output.style(TONES[effect], padded),
    what(entry),
  ].join('  ');
}

/** The same as data; what `--json` gives. */
export function entryDocument({ index, at, kind, closes, public: facts, digests }: Entry) {
  return {
    entry: index,
    at: new Date(at).toISOString(),
    kind,
    ...(closes === undefined ? {} : { closes }),
    public: facts,
    commitments: digests.length,
  };
}

/** Everything that stands in the open, a row for each fact. */
export function entryFacts(entry: Entry): [name: string, value: string][] {
  const { index, at, kind, closes, digests } = entry;
  return [
    ['entry', String(index)],
    ['time', instant(at)],
    ['kind', kind],
    ...(closes === undefined ? [] : [['outcome of', `entry ${closes}`] as [string, string]]),
    ...Object.entries(entry.public).map(([name, value]): [string, string] => [name, plain(value)]),
    ['commitments', `${digests.length}, decoys among them`],
  ];
}

/** UTC, to the second. */
export function instant(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')}Z`;
}

const TONES: Readonly<Record<string, 'good' | 'bad' | 'warn'>> = {
  permit: 'good',
  deny: 'bad',
  hold: 'warn',
  failed: 'bad',
  withheld: 'bad',
  lost: 'warn',
};

function effectOf({ kind, public: facts }: Entry): string {
  switch (kind) {
    case 'decision':
      return plain(facts['effect']);
    case 'approval':
      return plain(facts['verdict']);
    case 'hold_end':
      return plain(facts['end']);
    case 'hold':
    case 'release':
      return '';
  }
  return plain(facts['outcome'] ?? facts['action']);
}

function what({ kind, closes, public: facts }: Entry): string {
  switch (kind) {
    case 'decision':
      return decisionWords(facts);
    case 'outcome':
      return phrases([
        `of ${closes}`,
        plain(facts['code']),
        plain(facts['finish']),
        facts['inputTokens'] === undefined
          ? ''
          : `${plain(facts['inputTokens'])} tokens in, ${plain(facts['outputTokens'])} out`,
        facts['dropped'] === undefined ? '' : `dropped ${plain(facts['dropped'])}`,
      ]);
    case 'terms':
      return phrases([`${plain(facts['id'])} ${plain(facts['version'])}`, plain(facts['hash'])]);
    case 'key':
      return `prv_${plain(facts['id'])}`;
    case 'erasure':
      return `key ${plain(facts['slot'])}`;
    case 'hold':
      return phrases([
        plain(facts['id']),
        `of ${plain(facts['decision'])}`,
        `asks for ${plain(facts['approvals'])}`,
      ]);
    case 'approval':
      return phrases([plain(facts['hold']), `by ${plain(facts['strength'])}`]);
    case 'release':
      return phrases([
        plain(facts['hold']),
        `by ${plain(facts['decision'])}`,
        `signed in ${plain(facts['approvals'])}`,
      ]);
    case 'hold_end':
      return phrases([plain(facts['hold']), plain(facts['code'])]);
    case 'release_key':
      return plain(facts['kid']);
    case 'inquiry':
      return phrases([
        facts['inquiry'] === undefined ? '' : `of ${plain(facts['inquiry'])}`,
        facts['disclosure'] === undefined ? '' : `with ${plain(facts['disclosure'])}`,
      ]);
    default:
      return phrases([plain(facts['id']), plain(facts['version'])]);
  }
}

function decisionWords(facts: JsonObject): string {
  const streamed = facts['streamed'] === true ? ', streamed' : '';
  const rules = plain(facts['rules']);
  return phrases([
    facts['action'] === 'call_tool'
      ? `tool of class ${plain(facts['toolClass'])} ${parentWords(facts)}`
      : `${plain(facts['action'])} ${plain(facts['protocol'])}${streamed}`,
    `to ${plain(facts['targets'])}`,
    facts['purpose'] === undefined ? '' : `for ${plain(facts['purpose'])}`,
    rules === '' ? plain(facts['code']) : `by ${rules}`,
  ]);
}

/** In a call's answer; or of its own, where another gateway or an MCP client asks. */
function parentWords({ parent }: JsonObject): string {
  return parent === undefined ? 'asked for' : `under ${plain(parent)}`;
}

function phrases(parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join('  ');
}

function plain(value: JsonValue | undefined): string {
  if (value === undefined) return '';
  if (typeof value === 'string') return value;
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) {
    return value.join(', ');
  }
  return JSON.stringify(value);
}
