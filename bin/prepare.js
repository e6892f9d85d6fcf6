/**
 * After an installation: builds the console's pages and the page that verifies disclosures, where
 * the tools for it were installed too. Without them the gateway does all it does, and says how to
 * build its pages.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const vite = fileURLToPath(new URL('../node_modules/vite/bin/vite.js', import.meta.url));
const CONFIGS = ['vite.config.ts', 'src/console/verify/vite.config.ts'];

for (const config of existsSync(vite) ? CONFIGS : []) {
  const build = [vite, 'build', '--config', config, '--logLevel', 'warn'];
  const { status } = spawnSync(process.execPath, build, { cwd: root, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}
