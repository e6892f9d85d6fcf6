/** Names with at most one `*`, which stands for any text: `gpt-*`. */
export function matchesPattern(pattern: string, name: string): boolean {
  const star = pattern.indexOf('*');
  if (star < 0) return pattern === name;
  const [head, tail] = [pattern.slice(0, star), pattern.slice(star + 1)];
  return name.length >= head.length + tail.length && name.startsWith(head) && name.endsWith(tail);
}
