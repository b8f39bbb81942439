// Whether a policy counts exchanges at all. Pure.
import type { CompiledPolicy } from './compiled-policy.ts';

export function hasQuotas({
  issuers,
  clients,
  tenants,
}: Pick<CompiledPolicy<unknown>, 'issuers' | 'clients' | 'tenants'>): boolean {
  // A tenant that comes later may have some.
  return (
    tenants !== undefined ||
    [...Object.values(issuers), ...Object.values(clients)].some(({ quota }) => quota !== undefined)
  );
}
