// The thumbprint of a key (RFC 7638): its name wherever it comes from. Pure.
import { hash, type KeyObject } from 'node:crypto';

/**
 * SHA-256 over the members that make the key, base64url. They are those of the key itself, so that no spelling of a JWK is
 * another key.
 * @see [RFC 7638 §3](https://www.rfc-editor.org/rfc/rfc7638.html#section-3)
 */
export function thumbprintOf(key: KeyObject): string {
  const { crv, e, kty, n, x, y } = key.export({ format: 'jwk' });
  // In alphabetical order; of each kind of key the others are undefined, and left out.
  return hash('sha256', JSON.stringify({ crv, e, kty, n, x, y }), 'base64url');
}
