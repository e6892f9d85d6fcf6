/** Text in lines that fit a page: as wide as the terminal, and never too wide to read. */
import { stripVTControlCharacters } from 'node:util';

const WIDTH_MAX = 100;

/** @param indent put before each line, `first` before the first instead */
export function wrapped(text: string, indent = '', first = indent): string {
  const width = Math.min(WIDTH_MAX, process.stdout.columns || WIDTH_MAX);
  const lines: string[] = [];
  let line = first;
  let isEmpty = true;
  for (const word of text.split(' ')) {
    const longer = isEmpty ? line + word : `${line} ${word}`;
    if (!isEmpty && stripVTControlCharacters(longer).length > width) {
      lines.push(line);
      line = indent + word;
    } else line = longer;
    isEmpty = false;
  }
  return [...lines, line].join('\n');
}
