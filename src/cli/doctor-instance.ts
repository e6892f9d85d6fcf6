/** The doctor's look at this machine: data folder, disk, terms, clock, ledger, gateway. */
import { existsSync, statSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { connectControl } from '#admin/client.ts';
import { getStatus } from '#admin/operations/status.ts';
import { type ActivationRow, listActivations } from '#admin/operations/terms.ts';
import { ProvisoError } from '#base/errors.ts';
import type { Config } from '#config/config.ts';
import { readCheckpoint, readEntries } from '#ledger/read.ts';
import { loadPack } from '#terms/pack.ts';
import { loadStoredPack } from '#terms/store.ts';
import { testPack } from '#terms/test-pack.ts';
import type { ClockReading } from './doctor-providers.ts';
import { instant } from './entry-words.ts';
import type { Found } from './finding.ts';
import { shownLedger } from './ledger-show.ts';
import { verifyWithProgress } from './ledger-verify.ts';
import { signersWords, termsWarnings } from './terms-in-force.ts';

export async function checkInstance(
  config: Config,
  clocks: readonly ClockReading[],
  found: Found,
): Promise<void> {
  checkTerms(config, found);
  checkDataFolder(config, found);
  await checkDisk(config, found);
  const isServing = await checkGateway(config, found);
  const newest = await checkLedger(config, isServing, found);
  checkClock(clocks, newest, found);
}

function checkTerms({ termsDir }: Config, found: Found): void {
  const area = 'terms';
  try {
    const pack = loadPack(termsDir);
    const { results } = testPack(pack);
    const failed = results.filter(({ failure }) => failure !== undefined).length;
    if (failed === 0) {
      const message = `${pack.id} ${pack.version}, ${results.length} tests pass`;
      return found({ area, status: 'ok', message });
    }
    found({
      area,
      status: 'fail',
      message: `${pack.id} ${pack.version}: ${failed} of its ${results.length} tests fail`,
      advice: `proviso terms test ${termsDir}`,
    });
  } catch (thrown) {
    if (!(thrown instanceof ProvisoError)) throw thrown;
    const [first = ''] = thrown.publicMessage.split('\n');
    found({ area, status: 'fail', message: first, advice: `proviso terms check ${termsDir}` });
  }
}

function checkDataFolder({ dataDir }: Config, found: Found): void {
  const area = 'data';
  const stat = statSync(dataDir, { throwIfNoEntry: false });
  if (!stat) {
    const message = `${dataDir} does not exist yet; the first start makes it`;
    return found({ area, status: 'ok', message });
  }
  const isOpen = process.platform !== 'win32' && (stat.mode & 0o077) !== 0;
  if (!isOpen) return found({ area, status: 'ok', message: `${dataDir}, for its owner alone` });
  found({
    area,
    status: 'fail',
    message: `${dataDir} can be read by other users, and holds the vault’s key and the ledger’s`,
    advice: `chmod 700 ${dataDir}`,
  });
}

const GIB = 1024 ** 3;
const FREE_WARN = 2 * GIB;
const FREE_FAIL = GIB / 8;

async function checkDisk({ ledger }: Config, found: Found): Promise<void> {
  let folder = ledger.dir;
  while (!existsSync(folder) && dirname(folder) !== folder) folder = dirname(folder);
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  const status = free < FREE_FAIL ? 'fail' : free < FREE_WARN ? 'warn' : 'ok';
  found({
    area: 'disk',
    status,
    message: `${(free / GIB).toFixed(1)} GiB free for the ledger`,
    advice: status === 'ok' ? undefined : 'Make room: a full disk stops every call.',
  });
}

async function checkGateway(config: Config, found: Found): Promise<boolean> {
  const { dataDir, listen } = config;
  const area = 'gateway';
  await using control = await connectControl(dataDir);
  if (control) {
    const { address, pid } = await control.ask(getStatus, {});
    const activation = (await control.ask(listActivations, {})).at(-1);
    found({ area, status: 'ok', message: `runs at ${address}, process ${pid}` });
    if (activation) checkTermsInForce(config, activation, found);
    return true;
  }
  const isFree = listen.port === 0 || (await canListen(listen.port, listen.host));
  if (isFree) found({ area, status: 'ok', message: 'does not run; its port is free' });
  else {
    found({
      area,
      status: 'fail',
      message: `does not run, and port ${listen.port} is taken by something else`,
      advice: 'Stop what listens there, or choose another port with `listen.port`.',
    });
  }
  return false;
}

function checkTermsInForce(config: Config, activation: ActivationRow, found: Found): void {
  const area = 'terms';
  const { id, version, entry, hash } = activation;
  try {
    const pack = loadStoredPack(config.dataDir, hash);
    const message = `${id} ${version} in force since entry ${entry}, proven, signed by ${signersWords(activation)}`;
    found({ area, status: 'ok', message });
    for (const warning of termsWarnings(config, pack)) {
      found({ area, status: 'warn', message: warning });
    }
  } catch (thrown) {
    if (!(thrown instanceof ProvisoError)) throw thrown;
    const advice = 'The next start refuses it.';
    found({ area, status: 'fail', message: thrown.publicMessage, advice });
  }
}

function canListen(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, host, () => server.close(() => resolve(true)));
  });
}

/** @returns the time of the newest entry, milliseconds since 1970 */
async function checkLedger(
  { ledger: { dir } }: Config,
  isServing: boolean,
  found: Found,
): Promise<number | undefined> {
  const area = 'ledger';
  if (!existsSync(join(dir, 'checkpoint'))) {
    found({ area, status: 'ok', message: 'none yet; the first start begins it' });
    return undefined;
  }
  if (!existsSync(join(dir, 'keys', 'ledger.pub'))) {
    found({
      area,
      status: 'fail',
      message: `${dir} has a checkpoint, and its verifier key \`keys/ledger.pub\` is missing`,
      advice: 'Put back the folder `keys` from where the ledger came from.',
    });
    return undefined;
  }
  const shown = await shownLedger(dir, undefined);
  const { isSound, size, openDecisions, faults } = await verifyWithProgress(dir, shown.log.text);
  if (!isSound) {
    found({
      area,
      status: 'fail',
      message: faults[0]?.problem ?? 'does not verify',
      advice: `proviso ledger verify ${dir} --key '${shown.log.text}'`,
    });
    return undefined;
  }
  found({ area, status: 'ok', message: `${size} entries verify, with the key in the folder` });
  if (!isServing && openDecisions.length > 0) {
    found({
      area,
      status: 'warn',
      message: `${openDecisions.length} calls have no outcome: the gateway was not stopped, but ended`,
      advice: 'Nothing to do: the next start records them as lost.',
    });
  }
  return newestInstant(shown);
}

async function newestInstant({ dir, log }: Awaited<ReturnType<typeof shownLedger>>) {
  const { size } = await readCheckpoint(dir, log);
  for await (const { at } of readEntries(dir, size, Math.max(0, size - 1))) return at;
  return undefined;
}

const SKEW_WARN_MS = 5_000;
const SKEW_FAIL_MS = 60_000;

function checkClock(
  clocks: readonly ClockReading[],
  newest: number | undefined,
  found: Found,
): void {
  const area = 'clock';
  const advice = 'Let the system keep the time (NTP).';
  if (newest !== undefined && newest > Date.now()) {
    found({
      area,
      status: 'fail',
      message: `is behind the ledger’s newest entry, of ${instant(newest)}`,
      advice: `${advice} The ledger does not go back in time.`,
    });
  }
  const [clock] = clocks;
  if (!clock) {
    const message = `${instant(Date.now())}; no provider to compare it with`;
    return found({ area, status: 'ok', message });
  }
  // The header is cut to whole seconds: half a second is added to be fair.
  const skew = Math.abs(clock.ours - clock.theirs - 500);
  const status = skew > SKEW_FAIL_MS ? 'fail' : skew > SKEW_WARN_MS ? 'warn' : 'ok';
  found({
    area,
    status,
    message: `differs from that of ${clock.provider} by ${(skew / 1_000).toFixed(1)} s`,
    advice: status === 'ok' ? undefined : advice,
  });
}
