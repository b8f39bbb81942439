// How a function counts: what keeps the buckets is loaded by init where the policy has a quota, and else once the function is busy.

import { loadedOnce } from '../../loaded-once.ts';
import { type OverQuota, Refused } from '../../oauth/denial.ts';
import type { CallRates, CountCalls, CountRequest } from '../../oauth/quota.ts';
import type { CompiledPolicy } from '../../policy/compiled-policy.ts';
import { hasQuotas } from '../../policy/quotas.ts';
import { callDependency, isThrottling } from '../dependency.ts';
import type { Counting } from './quota-counting.ts';
import type { QuotaStore } from './quota-leases.ts';

export interface QuotaOptions {
  readonly policy: Pick<CompiledPolicy, 'issuers' | 'clients' | 'tenants'>;
  readonly rates: CallRates;
  readonly store: QuotaStore;
  /** Takes one from the grants whose calls this instance need not count; false when it has none left. */
  readonly mayPass: () => boolean;
}

/** Milliseconds. What few instances need not count is too much of very many: KMS and STS say so. */
const heededFor = 60_000;

/** Rejects when a policy has quotas, and what keeps the buckets is not there. */
export async function createQuotas({ policy, rates, store, mayPass }: QuotaOptions) {
  let loaded: Counting | undefined;
  const load = loadedOnce(async () => {
    loaded = (await import('./quota-counting.ts')).createCounting(store, rates);
    return loaded;
  });
  const refuse = async (findOver: (counting: Counting) => Promise<OverQuota | undefined>): Promise<void> => {
    const over = await callDependency('dynamodb', async () => findOver(await load()));
    if (over) throw new Refused({ kind: 'throttled', over });
  };
  const hasQuota = hasQuotas(policy);
  if (hasQuota) await load();
  const countRequest: CountRequest = async (request) =>
    hasQuota ? refuse(({ request: count }) => count(request)) : undefined;
  let throttledUntil = Number.NEGATIVE_INFINITY;
  const countCalls: CountCalls = async (granted) =>
    store.clock() > throttledUntil && mayPass() ? undefined : refuse(({ calls }) => calls(granted));
  /** The same call; where it is refused as one too many, this instance counts each grant for a while. */
  const heeding =
    <Input extends readonly unknown[], Answer>(call: (...input: Input) => Promise<Answer>) =>
    (...input: Input): Promise<Answer> => {
      const answer = call(...input);
      answer.catch((error: unknown) => {
        if (error instanceof Refused && isThrottling(error.cause)) throttledUntil = store.clock() + heededFor;
      });
      return answer;
    };
  /** The same call, of every request that is counted: it ends when the leases that were taken beside the request are there, too. */
  const withLeases =
    <Input extends readonly unknown[], Answer>(call: (...input: Input) => Promise<Answer>) =>
    async (...input: Input): Promise<Answer> => {
      try {
        return await call(...input);
      } finally {
        await loaded?.renewed();
      }
    };
  return { countRequest, countCalls, heeding, withLeases };
}
