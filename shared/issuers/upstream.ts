// Whether issuers are asked about their tokens (RFC 7662): what asks is loaded only where the policy has such an issuer.
import { asRefused } from '../oauth/denial.ts';
import type { CheckUpstream } from '../oauth/verify/verify-token.ts';
import type { CompiledPolicy } from '../policy/compiled-policy.ts';
import type { UpstreamOptions } from './upstream-introspection.ts';

/** No issuer without `introspection` is ever asked. */
const nobodyIsAsked: CheckUpstream = async () => 'inactive';

/** Rejects when what asks is not there. */
export async function upstreamCheck(
  { issuers }: Pick<CompiledPolicy, 'issuers'>,
  options: UpstreamOptions,
): Promise<CheckUpstream> {
  if (!Object.values(issuers).some(({ introspection }) => introspection)) return nobodyIsAsked;
  const { createCheckUpstream } = await import('./upstream-introspection.ts');
  const check = createCheckUpstream(options);
  return async (issuer, token) =>
    check(issuer, token).catch((error: unknown) => {
      throw asRefused(error);
    });
}
