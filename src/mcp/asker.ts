/** Who uses a server through Proviso, and what for: established anew with each HTTP request. */
import type { Caller } from '#caller/ring.ts';
import type { Purpose } from '#purpose/register.ts';

export interface Asker {
  readonly caller: Caller;
  readonly purpose: Purpose | undefined;
  /** Whom the use is about; see `gateway/vault-key.ts`. */
  readonly subject?: string | undefined;
}
