/** `proviso decide`: what the terms say of a request, and why; nothing is sent, nothing recorded. */
import { readFileSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { ProvisoError } from '#base/errors.ts';
import { isObject, type JsonObject, parseJson } from '#base/json.ts';
import { PROTOCOLS, type Protocol } from '#wire/exchange.ts';
import {
  examples,
  fromValidity,
  type InstanceOptions,
  type JsonOption,
  run,
  withInstance,
  withJson,
} from './command.ts';
import type { ExitCode } from './exit.ts';
import { type Explained, explain } from './explain.ts';
import { readConfig } from './instance.ts';
import type { Output } from './output.ts';

interface DecideOptions extends InstanceOptions, JsonOption {
  readonly request: string;
  readonly protocol?: Protocol;
  readonly caller?: string;
  readonly keyId?: string;
  readonly purpose?: string;
  readonly model?: string;
  readonly terms?: string;
}

export function define(command: Command): void {
  examples(
    withJson(withInstance(command))
      .description(
        'Decides a request under the terms in force, or under those of a folder, and explains the\n' +
          'decision: the rules, the clauses’ words, what the detectors found. Sends and records nothing.\n' +
          'Exits with 0 for a permit and with 2 for anything else.',
      )
      .requiredOption(
        '-r, --request <file>',
        'the body of a call, as a client sends it; - is stdin',
      )
      .addOption(
        new Option('--protocol <name>', 'the body’s protocol; guessed where not said').choices(
          PROTOCOLS,
        ),
      )
      .addOption(
        new Option('--caller <json>', 'who asks: caller, owner, organisation, teams, clearance …'),
      )
      .addOption(
        new Option('--key-id <id>', 'who asks: the holder of that key').conflicts('caller'),
      )
      .option('--purpose <id>', 'the purpose that the call names')
      .option('--model <name>', 'the model, where the body does not name it (gemini)')
      .option('--terms <folder>', 'a terms pack in the place of the one in force')
      .action((options: DecideOptions) => run(options, (output) => decide(options, output))),
    [
      'proviso decide --request call.json',
      'proviso decide --request call.json --terms my-terms',
      'proviso decide --request call.json --purpose minutes --key-id prv_3f9a1c20b7d4',
      `proviso decide --request call.json --caller '{"organisation":"example","teams":["records"]}'`,
    ],
  );
}

async function decide(options: DecideOptions, output: Output): Promise<ExitCode> {
  const body = readRequest(options.request);
  const protocol = options.protocol ?? guessProtocol(body);
  const explained = await explain({
    config: readConfig(options),
    body,
    protocol,
    model: options.model,
    caller: options.caller,
    keyId: options.keyId,
    purposeId: options.purpose,
    termsDir: options.terms,
  });
  output.result(explained, () => describe(explained, output));
  return fromValidity(explained.effect === 'permit');
}

function readRequest(file: string): JsonObject {
  const body = parseJson(readFileSync(file === '-' ? 0 : file));
  if (isObject(body)) return body;
  throw new ProvisoError('invalid_request', 'The request must be a JSON object.', { at: file });
}

/** By the field that each protocol has and the others lack. */
function guessProtocol(body: JsonObject): Protocol {
  if (body['contents'] !== undefined) return 'gemini';
  if (body['input'] !== undefined) return 'openai-responses';
  return body['system'] !== undefined || body['anthropic_version'] !== undefined
    ? 'anthropic'
    : 'openai-chat';
}

const TONES = { permit: 'good', deny: 'bad', hold: 'warn' } as const;

function describe(explained: Explained, output: Output): void {
  const { effect, code, reason, rules, call, signals } = explained;
  output.print(
    `${output.style(TONES[effect], effect)}${code === undefined ? '' : `  ${code}`}${
      reason === undefined ? '' : `  ${reason}`
    }`,
  );
  for (const { id, clause, title, words, hold } of rules) {
    output.print();
    output.facts([
      ['rule', id],
      ...optional('clause', clause && `${clause}: ${title ?? ''}`),
      ...optional('words', words && `“${words}”`),
      ...optional('lifted by', hold && `the approval \`${hold}\``),
    ]);
  }
  output.print();
  output.facts([
    ['terms', `${explained.terms.id} ${explained.terms.version}`],
    ['call', `${call.operation}, ${call.protocol}${call.streamed ? ', streamed' : ''}`],
    ['to', call.targets.join(', ')],
    ['by', `${call.caller} of ${call.organisation}`],
    ['for', call.purpose ?? 'no purpose'],
    ...optional('tools', [...call.tools, ...call.providerTools].join(', ')),
    ['persons', `${signals.persons}${withKinds(signals.personKinds)}`],
    ['topics', signals.topics.join(', ') || 'none'],
    ...Object.entries(signals.toolTopics).map(([tool, topics]): [string, string] => [
      `tool ${tool}`,
      topics.join(', '),
    ]),
    ...optional('missing', signals.missing.join(', ')),
    ...optional('not read', signals.unread.join(', ')),
  ]);
  if (signals.findings.length === 0) return;
  output.print();
  output.table(
    ['found', 'where', 'from', 'to', 'by'],
    signals.findings.map(({ kind, label, at, start, end, detector }) => [
      `${kind} ${label}`,
      at,
      String(start),
      String(end),
      detector,
    ]),
  );
}

function optional(name: string, value: string | undefined): [string, string][] {
  return value === undefined || value === '' ? [] : [[name, value]];
}

function withKinds(kinds: readonly string[]): string {
  return kinds.length === 0 ? '' : ` (${kinds.join(', ')})`;
}
