/**
 * The keys with which a person signs: passkeys (WebAuthn), and local keys in a file for a terminal.
 * docs/spec/people.md
 */

export interface Passkey {
  readonly kind: 'passkey';
  /** The credential ID, base64url. */
  readonly id: string;
  /** COSE_Key (RFC 9052), base64url. */
  readonly publicKey: string;
  /** The greatest signature counter that was seen; 0 of authenticators that do not count. */
  readonly counter: number;
  /** Whether it may leave its device, as synced passkeys do; the authenticator's own word. */
  readonly isSynced: boolean;
  /** How a browser reaches the authenticator: `internal`, `usb`, `nfc`, `ble`, `hybrid`, … */
  readonly transports: readonly string[];
}

export interface LocalKey {
  readonly kind: 'local-key';
  /** The first 16 bytes of SHA-256 of the public key, base64url. */
  readonly id: string;
  /** Ed25519, 32 bytes, base64url. */
  readonly publicKey: string;
}

export type Credential = Passkey | LocalKey;

/** Where passkeys are used: WebAuthn's relying party. */
export interface RelyingParty {
  /** The domain to which passkeys are bound, such as `proviso.example.org` or `localhost`. */
  readonly id: string;
  /** Where the page may come from, such as `https://proviso.example.org`. */
  readonly origins: readonly string[];
}
