/**
 * A passkey authenticator in software (ES256, attestation `none`), with the browser around it: what
 * `navigator.credentials` would give a page of `origin`. For the demo, where nobody is there to sign,
 * and for tests: every part of it can be made to misbehave.
 */
import {
  createHash,
  createSign,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto';
import { isoCBOR } from '@simplewebauthn/server/helpers';
import type { PasskeyAssertion } from './assertion.ts';
import type { PasskeyRegistration } from './registration.ts';

export interface Behaviour {
  readonly origin: string;
  readonly rpId: string;
  readonly isVerified: boolean;
  readonly isPresent: boolean;
  readonly crossOrigin: boolean;
  /** What it signs, where it does not follow the page. */
  readonly type: string | undefined;
  /** How far the counter goes on; 0 and a counter of 0 is one that does not count. */
  readonly step: number;
}

export class SoftwareAuthenticator {
  readonly id = randomBytes(16).toString('base64url');
  counter: number;
  readonly #secret: KeyObject;
  readonly #cosePublicKey: Uint8Array;
  readonly #behaviour: Behaviour;

  constructor(behaviour: Partial<Behaviour> & Pick<Behaviour, 'origin'>, counter = 0) {
    this.#behaviour = {
      rpId: new URL(behaviour.origin).hostname,
      isVerified: true,
      isPresent: true,
      crossOrigin: false,
      type: undefined,
      step: counter > 0 ? 1 : 0,
      ...behaviour,
    };
    this.counter = counter;
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    this.#secret = privateKey;
    const { x = '', y = '' } = publicKey.export({ format: 'jwk' });
    this.#cosePublicKey = isoCBOR.encode(
      new Map<number, number | Uint8Array<ArrayBuffer>>([
        [1, 2],
        [3, -7],
        [-1, 1],
        [-2, bytes(Buffer.from(x, 'base64url'))],
        [-3, bytes(Buffer.from(y, 'base64url'))],
      ]),
    );
  }

  /** @param challenge base64url */
  register(challenge: string, change: Partial<Behaviour> = {}): PasskeyRegistration {
    const behaviour = { ...this.#behaviour, ...change };
    const id = Buffer.from(this.id, 'base64url');
    const length = Buffer.alloc(2);
    length.writeUInt16BE(id.length);
    const attested = Buffer.concat([Buffer.alloc(16), length, id, this.#cosePublicKey]);
    const authData = Buffer.concat([this.#head(behaviour, 0x40), attested]);
    const attestationObject = isoCBOR.encode(
      new Map<string, string | Map<string, string> | Uint8Array<ArrayBuffer>>([
        ['fmt', 'none'],
        ['attStmt', new Map()],
        ['authData', bytes(authData)],
      ]),
    );
    return {
      credential: this.id,
      clientDataJSON: clientData('webauthn.create', challenge, behaviour).toString('base64url'),
      attestationObject: Buffer.from(attestationObject).toString('base64url'),
      transports: ['internal'],
    };
  }

  /** @param challenge base64url */
  sign(challenge: string, change: Partial<Behaviour> = {}): PasskeyAssertion {
    const behaviour = { ...this.#behaviour, ...change };
    this.counter += behaviour.step;
    const authenticatorData = this.#head(behaviour, 0);
    const clientDataJSON = clientData('webauthn.get', challenge, behaviour);
    const digest = createHash('sha256').update(clientDataJSON).digest();
    const signature = createSign('sha256')
      .update(Buffer.concat([authenticatorData, digest]))
      .sign(this.#secret);
    return {
      kind: 'passkey',
      credential: this.id,
      clientDataJSON: clientDataJSON.toString('base64url'),
      authenticatorData: authenticatorData.toString('base64url'),
      signature: signature.toString('base64url'),
    };
  }

  /** Hash of the RP ID, flags, counter. */
  #head({ rpId, isPresent, isVerified }: Behaviour, flags: number): Buffer {
    const head = Buffer.alloc(37);
    createHash('sha256').update(rpId).digest().copy(head);
    head[32] = flags | (isPresent ? 0x01 : 0) | (isVerified ? 0x04 : 0);
    head.writeUInt32BE(this.counter, 33);
    return head;
  }
}

function clientData(type: string, challenge: string, behaviour: Behaviour): Buffer {
  const { origin, crossOrigin } = behaviour;
  return Buffer.from(
    JSON.stringify({ type: behaviour.type ?? type, challenge, origin, crossOrigin }),
  );
}

function bytes(buffer: Buffer): Uint8Array<ArrayBuffer> {
  return new Uint8Array(buffer);
}
