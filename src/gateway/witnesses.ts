/** The witnesses that the configuration names, asked to cosign the ledger while a gateway runs. */
import type { Logger } from 'pino';
import type { Clock } from '#base/clock.ts';
import type { WitnessesConfig } from '#config/config.ts';
import type { Ledger } from '#ledger/ledger.ts';
import { readPolicy } from '#ledger/policy.ts';
import { Witnessing } from '#witness/witnessing.ts';

/** @throws `policy_invalid` */
export async function openWitnessing(
  config: WitnessesConfig,
  ledger: Ledger,
  clock: Clock,
  logger: Logger,
): Promise<Witnessing> {
  return Witnessing.open({
    ...config,
    policy: await readPolicy(config.policy),
    dir: ledger.dir,
    log: ledger.verifiers[0],
    newest: () => ledger.checkpoint,
    clock,
    logger,
    onRefusal: (refusal) => ledger.refuseDecisions(refusal),
  });
}
