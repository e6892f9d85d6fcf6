/** `proviso inquiry`: questions about use, and their answers, on record. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { Command } from 'commander';
import { openControl } from '#admin/open.ts';
import * as inquiries from '#admin/operations/inquiries.ts';
import { ProvisoError } from '#base/errors.ts';
import { wholeNumber } from './arguments.ts';
import {
  examples,
  type InstanceOptions,
  type JsonOption,
  run,
  withInstance,
  withJson,
} from './command.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { readConfig } from './instance.ts';
import type { Output } from './output.ts';
import { wrapped } from './wrapped.ts';

type CommonOptions = InstanceOptions & JsonOption;

interface OpenOptions extends CommonOptions {
  readonly asker: string;
  readonly authority: string;
  readonly scope: string;
  readonly question: string;
}

interface AnswerOptions extends CommonOptions {
  readonly by: string;
  readonly answer: string;
  readonly disclosure?: string;
}

const entryNumber = wholeNumber(0, Number.MAX_SAFE_INTEGER);

export function define(command: Command): void {
  const open = command
    .command('open')
    .summary('put a question on record')
    .description('Puts a question about use on record. Its number is that of its entry.')
    .requiredOption('--asker <who>', 'who asks')
    .requiredOption('--authority <words>', 'by what right: a law, a contract, an order')
    .requiredOption('--scope <words>', 'what use it is about')
    .requiredOption('--question <words>', 'the question')
    .action((options: OpenOptions) => run(options, (output) => openInquiry(options, output)));
  examples(withJson(withInstance(open)), [
    'proviso inquiry open --asker "the inspectorate" --authority "act 12, section 3" \\',
    '    --scope "calls for minutes in March" --question "Which were refused, and by which rule?"',
  ]);

  const answer = command
    .command('answer')
    .summary('put an answer on record')
    .description('Puts an answer on record, with the SHA-256 of the disclosure that it gives.')
    .argument('<inquiry>', 'its number', entryNumber)
    .requiredOption('--by <who>', 'who answers')
    .requiredOption('--answer <words>', 'the answer in words')
    .option('--disclosure <file>', 'the disclosure that is handed out')
    .action((inquiry: number, options: AnswerOptions) =>
      run(options, (output) => answerInquiry(inquiry, options, output)),
    );
  examples(withJson(withInstance(answer)), [
    'proviso inquiry answer 288 --by "head of records" --answer "See the file." \\',
    '    --disclosure answer.json',
  ]);

  const list = command
    .command('list')
    .summary('show every question')
    .description('Shows every question that was put on record.')
    .action((options: CommonOptions) => run(options, (output) => listInquiries(options, output)));
  examples(withJson(withInstance(list)), ['proviso inquiry list']);

  const show = command
    .command('show')
    .summary('show one, with its answers')
    .description('Shows a question with its answers.')
    .argument('<inquiry>', 'its number', entryNumber)
    .action((inquiry: number, options: CommonOptions) =>
      run(options, (output) => showInquiry(inquiry, options, output)),
    );
  examples(withJson(withInstance(show)), ['proviso inquiry show 288']);
}

async function openInquiry(options: OpenOptions, output: Output): Promise<ExitCode> {
  const { asker, authority, scope, question } = options;
  const { entry } = await asked(options, (control) =>
    control.ask(inquiries.openInquiry, { asker, authority, scope, question }),
  );
  output.result({ inquiry: entry }, () => output.print(`inquiry ${entry}`));
  return EXIT.yes;
}

async function answerInquiry(
  inquiry: number,
  options: AnswerOptions,
  output: Output,
): Promise<ExitCode> {
  const { by, answer } = options;
  const disclosure = options.disclosure && (await sha256Of(options.disclosure));
  const { entry } = await asked(options, (control) =>
    control.ask(inquiries.answerInquiry, {
      inquiry,
      by,
      answer,
      ...(disclosure === undefined ? {} : { disclosure }),
    }),
  );
  output.result({ inquiry, entry, ...(disclosure === undefined ? {} : { disclosure }) }, () =>
    output.print(`inquiry ${inquiry} answered: entry ${entry}`),
  );
  return EXIT.yes;
}

async function listInquiries(options: CommonOptions, output: Output): Promise<ExitCode> {
  const rows = await asked(options, (control) => control.ask(inquiries.listInquiries, {}));
  output.result({ inquiries: rows }, () => {
    if (rows.length === 0) output.print('No inquiry.');
    else {
      output.table(
        ['inquiry', 'opened', 'state', 'by', 'scope'],
        rows.map(({ entry, at, state, asked: question }) => [
          String(entry),
          at.slice(0, 10),
          state,
          question?.asker ?? 'erased',
          question?.scope ?? 'erased',
        ]),
      );
    }
  });
  return EXIT.yes;
}

async function showInquiry(
  inquiry: number,
  options: CommonOptions,
  output: Output,
): Promise<ExitCode> {
  const rows = await asked(options, (control) => control.ask(inquiries.listInquiries, {}));
  const row = rows.find(({ entry }) => entry === inquiry);
  if (!row) throw new ProvisoError('not_found', `There is no inquiry ${inquiry}.`);
  output.result(row, () => describe(row, output));
  return EXIT.yes;
}

function describe(
  { entry, at, state, asked: question, answers }: inquiries.InquiryRow,
  output: Output,
): void {
  output.facts([
    ['inquiry', `${entry}, ${state}`],
    ['opened', at],
    ['asker', question?.asker ?? 'erased'],
    ['authority', question?.authority ?? 'erased'],
    ['scope', question?.scope ?? 'erased'],
  ]);
  output.print(wrapped(question?.question ?? 'The question was erased.', '  '));
  for (const answer of answers) {
    output.print();
    output.facts([
      ['answer', `entry ${answer.entry}, ${answer.at}`],
      ['by', answer.by ?? 'erased'],
      ...(answer.disclosure === undefined ? [] : [['disclosure', answer.disclosure] as const]),
    ]);
    output.print(wrapped(answer.answer ?? 'The answer was erased.', '  '));
  }
}

async function asked<T>(
  options: InstanceOptions,
  work: (control: Awaited<ReturnType<typeof openControl>>) => Promise<T>,
): Promise<T> {
  await using control = await openControl(readConfig(options));
  return await work(control);
}

async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}
