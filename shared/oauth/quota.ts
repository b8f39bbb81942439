// Who is counted for an exchange: the client that authenticated, else the issuer or the subject of the token that is presented.
// Pure but for the buckets it is given.
import type { Quota } from '../policy/compiled-policy.ts';
import { Refused } from './denial.ts';
import type { Caller, Parties } from './parties.ts';

/** Those whose requests are counted together. */
export interface Counted {
  readonly by: 'client' | 'issuer' | 'subject';
  /** Of the client or the issuer, in the policy. */
  readonly name: string;
  /** The `sub` of the subject token, where each is counted for itself. */
  readonly subject?: string;
  readonly quota: Quota;
}

/**
 * Takes one from what is left of a quota; answers the milliseconds until it has one again, 0 when it was taken. Throws Refused
 * `unavailable`.
 */
export type TakeQuota = (counted: Counted) => Promise<number>;

export interface QuotaRequest {
  readonly caller: Caller;
  readonly parties: Pick<Parties, 'subject'>;
}

/**
 * Counts a request whose caller and tokens are genuine, so that no stranger uses up a quota; whatever comes of the request later,
 * it stays counted.
 * @throws Refused `throttled` or `unavailable`
 */
export async function countRequest(request: QuotaRequest, takeQuota: TakeQuota): Promise<void> {
  const counted = countedOf(request);
  const wait = counted ? await takeQuota(counted) : 0;
  if (!counted || wait === 0) return;
  const { by, quota } = counted;
  const over = { by, count: quota.count, seconds: quota.seconds, retryAfter: Math.ceil(wait / 1_000) };
  throw new Refused({ kind: 'throttled', over });
}

/** Undefined for whom no quota holds. */
function countedOf({ caller, parties: { subject } }: QuotaRequest): Counted | undefined {
  if (caller) {
    const { name, quota } = caller.client;
    return quota && { by: 'client', name, quota };
  }
  const { name, quota } = subject.issuer;
  if (!quota) return undefined;
  return quota.per === 'issuer'
    ? { by: 'issuer', name, quota }
    : { by: 'subject', name, subject: subject.registered.sub ?? '', quota };
}
