/** A gateway under attack: each try is refused by name, and nothing of it reaches a provider. */
import assert from 'node:assert/strict';
import { after, before, beforeEach } from 'node:test';
import type { ErrorCode } from '#base/errors.ts';
import type { JsonObject } from '#base/json.ts';

import { type GatewayOptions, openGateway, providersAt, type TestGateway } from './gateway.ts';
import { codeOf, type Posted, post } from './raw.ts';
import { speak } from './said/speak.ts';
import { says, startUpstream, type Upstream } from './upstream.ts';

export interface Arena {
  readonly proviso: TestGateway;
  readonly upstream: Upstream;
  /** Posts, and holds the answer to be a refusal with one of these codes that reached nobody. */
  refuses(
    path: string,
    body: JsonObject | string | Uint8Array<ArrayBuffer>,
    codes: ErrorCode | readonly ErrorCode[],
    headers?: Readonly<Record<string, string>>,
  ): Promise<Posted>;
}

/** Opened before the tests of the file that calls this, and closed after them. */
export function arena(options: GatewayOptions = {}): Arena {
  let upstream: Upstream | undefined;
  let proviso: TestGateway | undefined;
  before(async () => {
    upstream = await startUpstream();
    const providers = providersAt(upstream);
    proviso = await openGateway({ ...options, config: { providers, ...options.config } });
  });
  after(async () => {
    await proviso?.close();
    await upstream?.close();
  });
  beforeEach(() => {
    if (!upstream || !proviso) return;
    upstream.take();
    upstream.answer(says(speak('openai-chat', { text: 'Berth 4.' })));
    for (const { breaker } of proviso.gateway.routing.providers) breaker.succeeded();
  });
  return {
    get proviso() {
      assert.ok(proviso);
      return proviso;
    },
    get upstream() {
      assert.ok(upstream);
      return upstream;
    },
    async refuses(path, body, codes, headers) {
      const answer = await post(this.proviso, path, body, headers);
      const code = codeOf(answer) as ErrorCode;
      const wanted: readonly (ErrorCode | null)[] = typeof codes === 'string' ? [codes] : codes;
      assert.ok(wanted.includes(code), `${code}, not ${wanted.join(' or ')}: ${answer.text}`);
      assert.ok(answer.status >= 400);
      assert.deepEqual(this.upstream.take(), []);
      return answer;
    },
  };
}
