// The quotas of a policy and of the deployment, kept in buckets: what a function loads where it counts.
import type { OverQuota } from '../../oauth/denial.ts';
import {
  type CallRates,
  type CountCalls,
  type Counted,
  type CountRequest,
  countedCalls,
  countedRequest,
} from '../../oauth/quota.ts';
import { createLeases, type Leases, type QuotaStore } from './quota-leases.ts';

/** The quota that is used up; undefined where one was taken of each. Throws as DynamoDB does. */
type FindOver<Count extends CountRequest | CountCalls> = (
  ...counted: Parameters<Count>
) => Promise<OverQuota | undefined>;

export interface Counting {
  readonly request: FindOver<CountRequest>;
  readonly calls: FindOver<CountCalls>;
  readonly renewed: Leases['renewed'];
}

export function createCounting(store: QuotaStore, rates: CallRates): Counting {
  const { take, renewed } = createLeases(store);
  const findOver = async (all: readonly (Counted | undefined)[]): Promise<OverQuota | undefined> => {
    for (const counted of all) {
      const wait = counted ? await take(counted) : 0;
      if (counted && wait > 0) return overOf(counted, wait);
    }
    return undefined;
  };
  return {
    request: (request) => findOver([countedRequest(request)]),
    calls: (granted) => findOver(countedCalls(granted, rates)),
    renewed,
  };
}

function overOf({ by, quota: { count, seconds } }: Counted, wait: number): OverQuota {
  return { by, count, seconds, retryAfter: Math.ceil(wait / 1_000) };
}
