/**
 * What a command says: words for a person, or with `--json` exactly one document. Results go to
 * stdout, everything about the work to stderr. Colour is for terminals only.
 */
import { stripVTControlCharacters, styleText } from 'node:util';
import Table from 'cli-table3';
import type { ProvisoError } from '#base/errors.ts';

type Style = 'good' | 'bad' | 'warn' | 'dim' | 'strong';

const FORMATS = {
  good: 'green',
  bad: 'red',
  warn: 'yellow',
  dim: 'dim',
  strong: 'bold',
} as const satisfies Record<Style, Parameters<typeof styleText>[0]>;

export class Output {
  readonly isJson: boolean;

  constructor(isJson: boolean) {
    this.isJson = isJson;
  }

  /** The whole answer: the document, or what `describe` prints. */
  result(document: unknown, describe: () => void): void {
    if (this.isJson) process.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
    else describe();
  }

  /** A line for a person. */
  print(text = ''): void {
    if (!this.isJson) process.stdout.write(`${text}\n`);
  }

  /** A line about the work, beside the result. */
  note(text: string): void {
    process.stderr.write(`${text}\n`);
  }

  style(style: Style, text: string): string {
    return styleText(FORMATS[style], text, { stream: process.stdout });
  }

  /** Rows of columns; on a terminal the last column wraps to its width. */
  table(head: readonly string[], rows: readonly (readonly string[])[]): void {
    const table = new Table({
      head: head.map((title) => this.style('dim', title)),
      chars: BORDERLESS,
      style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [], compact: true },
      wordWrap: true,
      colWidths: columnWidths([head, ...rows]),
    });
    table.push(...rows.map((row) => [...row]));
    for (const line of table.toString().split('\n')) this.print(line.trimEnd());
  }

  /** Names and values, one a line, the values aligned. */
  facts(rows: readonly (readonly [name: string, value: string])[], indent = ''): void {
    const width = Math.max(0, ...rows.map(([name]) => name.length));
    for (const [name, value] of rows) {
      this.print(`${indent}${this.style('dim', name.padEnd(width))}  ${value}`);
    }
  }

  error(error: ProvisoError): void {
    const { code, publicMessage: message, at, facts } = error;
    if (this.isJson) {
      const document = { error: { code, message, ...(at === undefined ? {} : { at }), ...facts } };
      process.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
      return;
    }
    const mark = styleText('red', 'error', { stream: process.stderr });
    const about = styleText('dim', `(${code}; docs/errors.md)`, { stream: process.stderr });
    const isOneLine = !message.includes('\n');
    this.note(isOneLine ? `${mark} ${message} ${about}` : `${mark} ${about}\n${message}`);
  }
}

const NARROWEST = 24;

/** Natural widths, the last column's cut to what the terminal leaves. */
function columnWidths(rows: readonly (readonly string[])[]): number[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [i, cell] of row.entries()) {
      const lines = stripVTControlCharacters(cell).split('\n');
      widths[i] = Math.max(widths[i] ?? 0, ...lines.map((line) => line.length));
    }
  }
  const last = widths.length - 1;
  if (process.stdout.isTTY && last >= 0) {
    const before = widths.slice(0, last).reduce((sum, width) => sum + width + 2, 0);
    const left = Math.max(NARROWEST, process.stdout.columns - before - 1);
    widths[last] = Math.min(widths[last] ?? left, left);
  }
  return widths;
}

const BORDERLESS = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
};
