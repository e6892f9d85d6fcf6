/**
 * Questions about use, and their answers, as entries: docs/spec/disclosure.md, "Inquiries". An
 * inquiry is known by the number of the entry that opened it.
 */
import { ProvisoError } from '#base/errors.ts';
import type { JsonObject, JsonValue } from '#base/json.ts';
import type { NewEntry } from '#ledger/entry.ts';

/** What is asked, by whom, and by what right. */
export interface Question {
  readonly asker: string;
  readonly authority: string;
  /** What use it is about. */
  readonly scope: string;
  readonly question: string;
}

export interface Answer {
  readonly by: string;
  readonly answer: string;
  /** SHA-256 of the disclosure that it is answered with, hexadecimal. */
  readonly disclosure?: string | undefined;
}

export interface Recorded {
  readonly entry: number;
  /** Milliseconds since 1970. */
  readonly at: number;
}

export interface RecordedAnswer extends Recorded {
  readonly disclosure: string | undefined;
  /** Absent where they were erased. */
  readonly said: Omit<Answer, 'disclosure'> | undefined;
}

export interface Inquiry extends Recorded {
  /** Absent where it was erased. */
  readonly asked: Question | undefined;
  readonly answers: readonly RecordedAnswer[];
}

/** An entry of kind `inquiry`, as read back. */
interface InquiryEntry {
  readonly index: number;
  readonly at: number;
  readonly public: JsonObject;
  readonly private: JsonObject | undefined;
}

const VAULT_KEY = 'inquiries';

export function inquiryOpened(question: Question): NewEntry {
  const { asker, authority, scope, question: words } = question;
  return {
    kind: 'inquiry',
    public: { action: 'opened' },
    private: { asker, authority, scope, question: words },
    vaultKey: VAULT_KEY,
  };
}

/** @param inquiry number of the entry that opened it */
export function inquiryAnswered(inquiry: number, { by, answer, disclosure }: Answer): NewEntry {
  return {
    kind: 'inquiry',
    public: { action: 'answered', ...(disclosure === undefined ? {} : { disclosure }), inquiry },
    private: { by, answer },
    vaultKey: VAULT_KEY,
  };
}

/**
 * Every inquiry with its answers, oldest first.
 * @param entries of kind `inquiry`, in the ledger's order
 * @throws ProvisoError `ledger_corrupt` for an entry that this version cannot read
 */
export function inquiriesOf(entries: Iterable<InquiryEntry>): readonly Inquiry[] {
  const inquiries = new Map<number, Inquiry & { readonly answers: RecordedAnswer[] }>();
  for (const { index, at, public: facts, private: said } of entries) {
    const { action, disclosure, inquiry } = facts;
    if (action === 'opened') {
      inquiries.set(index, {
        entry: index,
        at,
        asked: said && questionOf(said, index),
        answers: [],
      });
    } else if (action === 'answered') {
      const answered = inquiries.get(inquiry as number);
      if (!answered) throw unreadable(index, 'answers an inquiry that was not opened');
      answered.answers.push({
        entry: index,
        at,
        disclosure: disclosure === undefined ? undefined : text(disclosure, index),
        said: said && { by: text(said['by'], index), answer: text(said['answer'], index) },
      });
    } else throw unreadable(index, 'is of an unknown action');
  }
  return [...inquiries.values()];
}

function questionOf({ asker, authority, scope, question }: JsonObject, index: number): Question {
  return {
    asker: text(asker, index),
    authority: text(authority, index),
    scope: text(scope, index),
    question: text(question, index),
  };
}

function text(value: JsonValue | undefined, index: number): string {
  if (typeof value !== 'string') throw unreadable(index, 'lacks words that it should have');
  return value;
}

function unreadable(index: number, problem: string): ProvisoError {
  return new ProvisoError('ledger_corrupt', `Entry ${index} of kind \`inquiry\` ${problem}.`, {
    at: `entry ${index}`,
  });
}
