/** The vault's master key from where the configuration has it: a file, the environment, a command. */
import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { ProvisoError } from '#base/errors.ts';
import { MASTER_KEY_LIMITS } from '#base/limits.ts';
import type { Config, KeyCommand } from '#config/config.ts';
import { Secret } from '#config/secret.ts';
import { parseMasterKey } from '#ledger/keys.ts';

/**
 * `undefined` where the configuration says nothing: then the ledger has its own in `vault/master.key`.
 * @throws ProvisoError `vault_unreadable`
 */
export async function configuredMasterKey({ ledger }: Config): Promise<Buffer | undefined> {
  const { masterKey } = ledger;
  if (masterKey === undefined) return undefined;
  if (masterKey instanceof Secret) return parseMasterKey(masterKey.reveal());
  return parseMasterKey(await printed(masterKey));
}

/** Run without a shell. What it says on stderr is for this process's own. */
async function printed({ program, args, wrapped }: KeyCommand): Promise<string> {
  const input = wrapped === undefined ? '' : await readFile(wrapped);
  const child = spawn(program, args, {
    stdio: ['pipe', 'pipe', 'inherit'],
    timeout: MASTER_KEY_LIMITS.waitMsMax,
  });
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error: NodeJS.ErrnoException) => resolve(`did not start (${error.code})`));
    child.once('close', (code, signal) =>
      resolve(code === 0 ? '' : `ended with ${code ?? signal}`),
    );
  });
  // One that reads nothing of it is no reason to fail.
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  let text = '';
  for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
    text += chunk.toString('latin1');
    if (text.length > MASTER_KEY_LIMITS.outputBytesMax) child.kill();
  }
  const problem = await ended;
  if (problem === '') return text;
  const words = `The command \`${program}\`, which is to print the vault’s master key, ${problem}.`;
  throw new ProvisoError('vault_unreadable', words);
}
