/** The doctor's look at witnesses: can each be asked, and does it know this ledger? */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { asProvisoError } from '#base/errors.ts';
import { parseVerifierKey } from '#base/note.ts';
import type { Config } from '#config/config.ts';
import { openCheckpoint } from '#ledger/checkpoint.ts';
import { type PolicyWitness, readPolicy } from '#ledger/policy.ts';
import { below, Http } from '#witness/http.ts';
import { originOf } from '#witness/witness.ts';
import type { Found } from './finding.ts';

const AREA = 'witness';
const ANSWER_BYTES_MAX = 65_536;

export async function checkWitnesses({ ledger }: Config, found: Found): Promise<void> {
  if (!ledger.witnesses) return;
  const { policy: path, whenAway, answerWaitMsMax } = ledger.witnesses;
  const http = new Http();
  try {
    const policy = await readPolicy(path);
    found({ area: AREA, status: 'ok', message: `${path}; quorum ${policy.quorum}` });
    const key = await readFile(join(ledger.dir, 'keys', 'ledger.pub'), 'utf8').catch(
      () => undefined,
    );
    for (const witness of policy.witnesses) {
      await checkWitness(witness, key?.trim(), found, { http, whenAway, answerWaitMsMax });
    }
  } catch (thrown) {
    const { code, publicMessage: message } = asProvisoError(thrown);
    if (code !== 'policy_invalid') throw thrown;
    found({ area: AREA, status: 'fail', message });
  } finally {
    await http.close();
  }
}

interface Asking {
  readonly http: Http;
  readonly whenAway: 'go-on' | 'stop';
  readonly answerWaitMsMax: number;
}

async function checkWitness(
  { name, url }: PolicyWitness,
  key: string | undefined,
  found: Found,
  { http, whenAway, answerWaitMsMax }: Asking,
): Promise<void> {
  if (url === undefined || !URL.canParse(url)) {
    const advice = 'Put the address at which it is asked at the end of its line in the policy.';
    return found({ area: AREA, status: 'fail', message: `${name} has no address`, advice });
  }
  const log = key === undefined ? undefined : parseVerifierKey(key);
  try {
    const answer = await http.ask({
      url: below(url, `${originOf(log?.name ?? '').hash}/checkpoint`),
      answerBytesMax: ANSWER_BYTES_MAX,
      signal: AbortSignal.timeout(answerWaitMsMax),
    });
    if (answer.status !== 200 || !log) {
      const message = `${name} answers, and has cosigned nothing of this ledger yet`;
      const advice = `Have it know the ledger by its key${key === undefined ? '' : `: ${key}`}`;
      return found({ area: AREA, status: 'warn', message, advice });
    }
    const { size } = openCheckpoint(answer.body, log);
    found({ area: AREA, status: 'ok', message: `${name} has cosigned ${size} entries` });
  } catch (thrown) {
    const { code, publicMessage } = asProvisoError(thrown);
    const status = whenAway === 'stop' ? 'fail' : 'warn';
    const isAway = code === 'log_unreachable';
    const message = isAway ? `${name} does not answer at ${url}` : `${name}: ${publicMessage}`;
    found({ area: AREA, status, message });
  }
}
