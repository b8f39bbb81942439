// How clients are known by certificates: what reads them is loaded only where the policy has such a client, or one may be put at
// run time. Pure.
import type { CompiledPolicy } from '../policy/compiled-policy.ts';
import type { MatchesCertificate } from './verify/client-certificate.ts';

/** Rejects when what reads them is not there. */
export async function certificateMatch({
  clients,
  tenants,
  authorities,
}: Pick<CompiledPolicy, 'clients' | 'tenants' | 'authorities'>): Promise<MatchesCertificate | undefined> {
  const isKnown = Object.values(clients).some(({ auth }) => auth.method.endsWith('tls_client_auth'));
  if (!isKnown && !tenants) return undefined;
  const { matchesCertificate } = await import('./verify/client-certificate.ts');
  return (ways, certificate, world) => matchesCertificate(ways, certificate, { ...world, authorities });
}
