/**
 * A value that must not show: neither JSON, nor a log line, nor an inspected object gives it away.
 * Only `reveal()` does, which is called where the value is used.
 */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { inspect } from 'node:util';
import type { Around } from './problem.ts';

export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return '[secret]';
  }

  toJSON(): string {
    return '[secret]';
  }

  [inspect.custom](): string {
    return '[secret]';
  }
}

export interface SecretPlace {
  readonly env?: string | undefined;
  readonly file?: string | undefined;
}

/** Fetches a secret from where the configuration says it is. */
export function fetchSecret(
  place: SecretPlace,
  path: readonly PropertyKey[],
  { env, folder, report }: Around,
): Secret | undefined {
  if (place.env !== undefined) {
    const value = env[place.env]?.trim();
    if (value) return headerSafe(value, [...path, 'env'], report);
    report([...path, 'env'], `names the environment variable \`${place.env}\`, which is not set`);
    return undefined;
  }
  const file = resolve(folder, place.file ?? '');
  try {
    const value = readFileSync(file, 'utf8').trim();
    if (value) return headerSafe(value, [...path, 'file'], report);
    report([...path, 'file'], `names \`${file}\`, which is empty`);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'unknown error';
    report([...path, 'file'], `names \`${file}\`, which could not be read: ${code}`);
  }
  return undefined;
}

/** Keys travel in headers, where a line break would begin another header. */
function headerSafe(
  value: string,
  path: readonly PropertyKey[],
  report: Around['report'],
): Secret | undefined {
  if (/^[\x21-\x7e]+$/.test(value)) return new Secret(value);
  report(path, 'holds white space or characters that no key has');
  return undefined;
}
