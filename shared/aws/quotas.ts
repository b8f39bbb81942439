// How a function counts: what keeps the buckets is loaded by init where the policy has a quota, and else once the function is busy.
import { type OverQuota, Refused } from '../oauth/denial.ts';
import type { CallRates, CountCalls, CountRequest } from '../oauth/quota.ts';
import type { CompiledPolicy } from '../policy/compiled-policy.ts';
import { hasQuotas } from '../policy/quotas.ts';
import { callDependency } from './dependency.ts';
import type { Counting } from './quota-counting.ts';
import type { QuotaStore } from './quota-leases.ts';

export interface QuotaOptions {
  readonly policy: Pick<CompiledPolicy, 'issuers' | 'clients' | 'tenants'>;
  readonly rates: CallRates;
  readonly store: QuotaStore;
  /** Takes one from the grants whose calls this instance need not count; false when it has none left. */
  readonly mayPass: () => boolean;
}

/** Rejects when a policy has quotas, and what keeps the buckets is not there. */
export async function createQuotas({ policy, rates, store, mayPass }: QuotaOptions) {
  let counting: Promise<Counting> | undefined;
  const load = (): Promise<Counting> => {
    counting ??= import('./quota-counting.ts').then(({ createCounting }) => createCounting(store, rates));
    return counting;
  };
  const refuse = async (findOver: (counting: Counting) => Promise<OverQuota | undefined>): Promise<void> => {
    const over = await callDependency('dynamodb', async () => findOver(await load()));
    if (over) throw new Refused({ kind: 'throttled', over });
  };
  const hasQuota = hasQuotas(policy);
  if (hasQuota) await load();
  const countRequest: CountRequest = async (request) =>
    hasQuota ? refuse(({ request: count }) => count(request)) : undefined;
  const countCalls: CountCalls = async (granted) => (mayPass() ? undefined : refuse(({ calls }) => calls(granted)));
  return { countRequest, countCalls };
}
