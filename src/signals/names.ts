/** `findPerson`, `find_person`, `HTTPServer2`, `people.find` → words with spaces between them. */
export function wordsOfName(name: string): string {
  const known = remembered.get(name);
  if (known !== undefined) return known;
  const words = split(name);
  if (remembered.size < REMEMBERED_MAX && name.length <= 64) remembered.set(name, words);
  return words;
}

/** Callers send the same names with every call. */
const remembered = new Map<string, string>();
const REMEMBERED_MAX = 10_000;

function split(name: string): string {
  let words = '';
  let before = 0;
  for (let i = 0; i < name.length; i++) {
    const kind = kindOf(name.charCodeAt(i));
    if (i > 0 && isBoundary(before, kind, name.charCodeAt(i + 1))) words += ' ';
    words += name[i];
    before = kind;
  }
  return words;
}

const OTHER = 0;
const LOWER = 1;
const UPPER = 2;
const NUMBER = 3;

function kindOf(code: number): number {
  if (code >= 0x61 && code <= 0x7a) return LOWER;
  if (code >= 0x41 && code <= 0x5a) return UPPER;
  return code >= 0x30 && code <= 0x39 ? NUMBER : OTHER;
}

/** Between `d` and `P` in `findPerson`, `P` and `S` in `HTTPServer`, `r` and `2` in `Server2`. */
function isBoundary(before: number, kind: number, next: number): boolean {
  if (before === OTHER || kind === OTHER) return false;
  if (kind === UPPER) return before !== UPPER || kindOf(next) === LOWER;
  return (kind === NUMBER) !== (before === NUMBER);
}
