/**
 * Sign-in at an OpenID provider (OpenID Connect Core 1.0, authorization code flow with PKCE).
 *
 * The provider sends the browser back to a page of the console, whose script hands on what came with
 * it, beside the name of the flow that it kept: so the answer is bound to the browser that asked,
 * without a cookie that would have to cross sites.
 */
import {
  allowInsecureRequests,
  authorizationCodeGrant,
  buildAuthorizationUrl,
  ClientSecretPost,
  type Configuration,
  calculatePKCECodeChallenge,
  discovery,
  None,
  randomNonce,
  randomPKCECodeVerifier,
  randomState,
} from 'openid-client';
import type { Clock } from '#base/clock.ts';
import { ProvisoError } from '#base/errors.ts';
import { isLoopback } from '#config/address.ts';
import type { OidcConfig } from '#config/config.ts';
import { Challenges } from '#people/challenges.ts';
import type { Identity } from '#people/person.ts';

const FLOW_MS = 10 * 60 * 1000;
const ANSWER_WAIT_S = 10;

/** The invitation with which a person registers by signing in. */
export interface Invited {
  readonly invitation: string;
  readonly code?: string | undefined;
}

interface Flow {
  readonly verifier: string;
  readonly state: string;
  readonly nonce: string;
  readonly invited: Invited | undefined;
}

export class OidcSignIn {
  readonly name: string;
  readonly #config: OidcConfig;
  readonly #redirectUri: string;
  readonly #flows: Challenges<Flow>;
  #provider: Promise<Configuration> | undefined;

  /** @param origin of the console */
  constructor(config: OidcConfig, origin: string, clock: Clock) {
    this.name = config.name;
    this.#config = config;
    this.#redirectUri = `${origin}/console/signed-on`;
    this.#flows = new Challenges('proviso openid flow v1', FLOW_MS, clock);
  }

  /**
   * @returns where the browser goes next, and the name of the flow, for its page to keep
   * @throws ProvisoError `upstream_unavailable` where the provider does not answer
   */
  async begin(
    invited: Invited | undefined,
  ): Promise<{ readonly location: string; readonly flow: string }> {
    const provider = await this.#discovered();
    const verifier = randomPKCECodeVerifier();
    const [state, nonce] = [randomState(), randomNonce()];
    const { id } = this.#flows.issue({ verifier, state, nonce, invited });
    const location = buildAuthorizationUrl(provider, {
      redirect_uri: this.#redirectUri,
      scope: this.#config.scope,
      code_challenge: await calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      state,
      nonce,
    });
    return { location: location.href, flow: id };
  }

  /**
   * @param query what the provider gave the browser, from `?` on
   * @throws ProvisoError `challenge_invalid`, or `assertion_invalid` where the answer is not one to
   *   what was asked
   */
  async finish(
    flow: string,
    query: string,
  ): Promise<{ readonly identity: Identity; readonly invited: Invited | undefined }> {
    const { about } = this.#flows.take(flow);
    const provider = await this.#discovered();
    const url = new URL(this.#redirectUri);
    url.search = query;
    const tokens = await authorizationCodeGrant(provider, url, {
      pkceCodeVerifier: about.verifier,
      expectedState: about.state,
      expectedNonce: about.nonce,
      idTokenExpected: true,
    }).catch((cause: unknown) => {
      throw new ProvisoError(
        'assertion_invalid',
        `${this.name} did not confirm who you are: sign in again.`,
        { cause },
      );
    });
    const claims = tokens.claims();
    if (!claims) throw new ProvisoError('assertion_invalid', `${this.name} named nobody.`);
    return { identity: { issuer: claims.iss, subject: claims.sub }, invited: about.invited };
  }

  /** Fetched when it is first needed, and again after a failure: the gateway starts without. */
  async #discovered(): Promise<Configuration> {
    this.#provider ??= this.#discover();
    try {
      return await this.#provider;
    } catch (cause) {
      this.#provider = undefined;
      throw new ProvisoError(
        'upstream_unavailable',
        `${this.name} cannot be reached: sign in with a passkey, or try again later.`,
        { cause },
      );
    }
  }

  #discover(): Promise<Configuration> {
    const { issuer, clientId, clientSecret } = this.#config;
    const server = new URL(issuer);
    // Plain http is for a provider on this machine alone.
    const isLocal = server.protocol === 'http:' && isLoopback(server.hostname);
    return discovery(
      server,
      clientId,
      undefined,
      clientSecret ? ClientSecretPost(clientSecret.reveal()) : None(),
      { timeout: ANSWER_WAIT_S, ...(isLocal ? { execute: [allowInsecureRequests] } : {}) },
    );
  }
}
