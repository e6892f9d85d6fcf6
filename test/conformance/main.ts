/**
 * `npm run -s conformance -- NAME DIR`: test data made elsewhere, run against this project. Each
 * suite is a module beside this one; the last line is always `N passed, M failed`.
 */
import { existsSync } from 'node:fs';
import type { Suite } from './suite.ts';

const SUITES: Readonly<Record<string, () => Promise<{ suite: Suite }>>> = {
  cedar: () => import('./cedar.ts'),
  mcp: () => import('./mcp.ts'),
  merkle: () => import('./merkle.ts'),
  streams: () => import('./streams.ts'),
  tlog: () => import('./tlog.ts'),
};

const [name = '', dir = ''] = process.argv.slice(2);
const load = SUITES[name];
// The official MCP suite brings its own cases.
if (!load || (name !== 'mcp' && !existsSync(dir))) {
  const problem = load ? `No such file or folder: \`${dir}\`.` : `No such suite: \`${name}\`.`;
  console.error(
    `${problem}\nUsage: npm run -s conformance -- ${Object.keys(SUITES).join('|')} [DIR]`,
  );
  process.exit(3);
}

let passed = 0;
let failed = 0;
const { suite } = await load();
await suite(dir, (caseName, failure) => {
  if (failure === undefined) passed++;
  else {
    failed++;
    console.log(`FAIL ${caseName}: ${failure}`);
  }
});
if (passed + failed === 0) {
  console.log(`No cases found in \`${dir}\`.`);
  process.exitCode = 1;
}
if (failed > 0) process.exitCode = 2;
console.log(`${passed} passed, ${failed} failed`);
