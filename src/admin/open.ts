/** A gateway's control, whether it runs or not. */
import { mkdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '#base/clock.ts';
import { ProvisoError } from '#base/errors.ts';
import type { Config } from '#config/config.ts';
import { Activations } from '#gateway/activations.ts';
import { ORIGIN_UNLESS_CONFIGURED } from '#gateway/gateway.ts';
import { configuredMasterKey } from '#gateway/master-key.ts';
import { registersOf, stateOf } from '#gateway/state.ts';
import { Turns } from '#gateway/turns.ts';
import { openLedger } from '#ledger/ledger.ts';
import { startPackProver } from '#terms/prove/pack-prover.ts';
import { connectControl } from './client.ts';
import { type Control, localControl } from './operation.ts';

/** Another command, or a gateway on its way up, holds the ledger for no longer than this. */
const LOCK_WAIT_MS = 3_000;
const LOCK_RETRY_MS = 100;

/**
 * The control API of the gateway that runs in this data folder; where none does, the state itself,
 * which is then closed to others until `close`.
 * @throws ProvisoError `ledger_locked`, or another of the ledger's
 */
export async function openControl(config: Config): Promise<Control> {
  for (const endsAt = Date.now() + LOCK_WAIT_MS; ; await sleep(LOCK_RETRY_MS)) {
    const running = await connectControl(config.dataDir);
    if (running) return running;
    try {
      return await openState(config);
    } catch (thrown) {
      const isLocked = thrown instanceof ProvisoError && thrown.code === 'ledger_locked';
      if (!isLocked || Date.now() > endsAt) throw thrown;
    }
  }
}

/** Only its owner may look into a data folder: it holds the vault's key and the ledger's. */
export function makeDataFolder(dataDir: string): void {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
}

async function openState(config: Config): Promise<Control> {
  makeDataFolder(config.dataDir);
  const masterKey = await configuredMasterKey(config);
  const ledger = await openLedger({
    ...(masterKey && { masterKey }),
    dir: config.ledger.dir,
    origin: config.ledger.origin ?? ORIGIN_UNLESS_CONFIGURED,
    signatures: config.ledger.signatures,
  });
  try {
    await ledger.retain(config.ledger.retention);
    const { dataDir } = config;
    const activations = new Activations({
      ledger,
      dataDir,
      clock: systemClock,
      prover: startPackProver(),
    });
    const state = {
      config,
      ledger,
      activations,
      ...(await stateOf(config, ledger)),
      ...(await registersOf(ledger)),
      turns: new Turns(),
      clock: systemClock,
    };
    return localControl({ state, actor: { kind: 'operator' } }, () => ledger.close());
  } catch (thrown) {
    await ledger.close();
    throw thrown;
  }
}
