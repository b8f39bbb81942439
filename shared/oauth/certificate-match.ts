// How clients are known by certificates: what reads them is loaded only where the policy has such a client. Pure.
import type { CompiledPolicy } from '../policy/compiled-policy.ts';
import type { MatchesCertificate } from './verify/client-certificate.ts';

/** Rejects when what reads them is not there. */
export async function certificateMatch({
  clients,
}: Pick<CompiledPolicy, 'clients'>): Promise<MatchesCertificate | undefined> {
  if (!Object.values(clients).some(({ auth }) => auth.method.endsWith('tls_client_auth'))) return undefined;
  return (await import('./verify/client-certificate.ts')).matchesCertificate;
}
