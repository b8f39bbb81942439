// SPIFFE JWT-SVIDs (SPIRE, Teleport): registered claims and no others. Documented by SPIFFE.
// https://github.com/spiffe/spiffe/blob/main/standards/JWT-SVID.md
import { randomUUID } from 'node:crypto';
import type { Profile, SampleInput } from './profile.ts';

export const spiffe: Profile = {
  name: 'spiffe',
  claims: {},
  optional: ['iat', 'jti', 'nbf'],
  algorithms: ['ES256', 'RS256', 'ES384', 'PS256'],
  // Whoever runs the trust domain chooses its issuer.
  endsWithSlash: (url) => url.endsWith('/'),
  sample,
};

/** With the `iss` that a server with OIDC discovery adds; without one a token names nobody who could be trusted. */
function sample({ issuer, audience, now }: SampleInput): Record<string, unknown> {
  return {
    iss: issuer,
    aud: [audience],
    sub: 'spiffe://acme.example/ns/shop/sa/orders',
    jti: randomUUID(),
    iat: now,
    exp: now + 300,
  };
}
