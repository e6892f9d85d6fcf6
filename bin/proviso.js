#!/usr/bin/env node
// Starts the CLI on the project's own Node, whichever Node this one is.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const NODE_MAJOR_MIN = 26;
const main = join(dirname(fileURLToPath(import.meta.url)), '..', 'src', 'cli', 'main.ts');

if (Number(process.versions.node.split('.')[0]) >= NODE_MAJOR_MIN) {
  await import(main);
} else {
  const own = ownNode();
  if (own === undefined) {
    console.error(`Proviso needs Node ${NODE_MAJOR_MIN}, which \`npm ci\` installs. Run it first.`);
    process.exit(1);
  }
  // The channel carries nothing: its end tells the child that this launcher is gone.
  const stdio = ['inherit', 'inherit', 'inherit', 'ipc'];
  const child = spawn(own, [main, ...process.argv.slice(2)], { stdio });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => child.kill(signal));
  }
  child.on('error', (error) => {
    console.error(`Could not start ${own}: ${error.message}`);
    process.exit(1);
  });
  child.on('exit', (code, signal) => process.exit(signal ? 1 : (code ?? 1)));
}

/** The `node` package from npm brings the binary; undefined where it is not installed. */
function ownNode() {
  try {
    const folder = dirname(createRequire(import.meta.url).resolve('node/package.json'));
    return [join(folder, 'bin', 'node'), join(folder, 'bin', 'node.exe')].find(existsSync);
  } catch {
    return undefined;
  }
}
