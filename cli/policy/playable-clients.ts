// The clients of a policy in whose place a local stack can call. Pure.
import type { ClaimMatch, Client, PolicyArtifact } from '../../shared/policy/compiled-policy.ts';
import type { Json, PlayableClient } from '../console/api.ts';

export function playableClients({ clients }: PolicyArtifact): readonly PlayableClient[] {
  return Object.values(clients).flatMap((client) => playable(client) ?? []);
}

function playable({ name, auth, introspects }: Client): PlayableClient | undefined {
  switch (auth.method) {
    case 'private_key_jwt':
      return auth.keys.from === 'jwksUri' ? { name, introspects } : undefined;
    case 'federated': {
      const claims = claimsFor(auth.match);
      return claims && { name, introspects, vouchedBy: { issuer: auth.issuer, claims } };
    }
    case 'client_secret':
    case 'tls_client_auth':
    case 'self_signed_tls_client_auth':
      return undefined;
  }
}

/** Claims that fit, where those of the top level decide alone. */
function claimsFor(match: readonly ClaimMatch[]): Json | undefined {
  if (match.some(({ path }) => path.includes('.'))) return undefined;
  return Object.fromEntries(match.map(({ path, anyOf: [first] }) => [path, fitting(first)]));
}

function fitting(wanted: ClaimMatch['anyOf'][number] | undefined): unknown {
  if (!wanted) return null;
  return 'glob' in wanted ? wanted.glob.replace(/\*+/g, 'any') : wanted.equals;
}
