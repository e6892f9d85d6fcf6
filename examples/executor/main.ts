/** `node examples/executor/main.ts KEYS ISSUER FOLDER [PORT]`: an executor that opens gates. */
import { readFileSync } from 'node:fs';
import { createExecutor, type ExecutorOptions } from './executor.ts';
import { seenFiles } from './seen-files.ts';

const [keysFile = 'keys.json', issuer = 'proviso.local/ledger', folder = 'used', port = '8788'] =
  process.argv.slice(2);
const server = createExecutor({
  keys: JSON.parse(readFileSync(keysFile, 'utf8')) as ExecutorOptions['keys'],
  issuer,
  seen: seenFiles(folder),
  tools: {
    open_gate: (given) => `The gate of berth ${(given as { berth: number }).berth} is open.`,
  },
});
server.listen(Number(port), '127.0.0.1', () => console.log(`listens on ${port}`));
