// The quotas of a policy as a function counts them: what keeps the buckets is loaded only where the policy has any.
import type { TakeQuota } from '../oauth/quota.ts';
import type { CompiledPolicy } from '../policy/compiled-policy.ts';
import { hasQuotas } from '../policy/quotas.ts';
import { callDependency } from './dependency.ts';
import type { QuotaStore } from './quota-leases.ts';

const nobodyIsCounted: TakeQuota = async () => 0;

/** Rejects when what keeps the buckets is not there. */
export async function createTakeQuota(
  policy: Pick<CompiledPolicy, 'issuers' | 'clients'>,
  store: QuotaStore,
): Promise<TakeQuota> {
  if (!hasQuotas(policy)) return nobodyIsCounted;
  const { createLeases } = await import('./quota-leases.ts');
  const take = createLeases(store);
  return (counted) => callDependency('dynamodb', () => take(counted));
}
