// What an instance holds of the quotas: it takes several at once where many requests come, so that most of them need no write, and
// remembers which buckets are empty, so that a caller that is refused costs few.
import { hash } from 'node:crypto';
import type { Counted } from '../../oauth/quota.ts';
import type { Quota } from '../../policy/compiled-policy.ts';
import { isThrottling } from '../dependency.ts';
import { quotaKey } from '../records/record-keys.ts';
import { type BucketState, type Buckets, drawFrom, isKnown, readBucket, roomAt, spacingOf } from './quota-bucket.ts';

export interface QuotaStore extends Buckets {
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  /** From 0 up to 1. */
  readonly random: () => number;
}

/** Milliseconds after which what was taken and not used is lost: else a quiet instance could use it in somebody's later minute. */
const leaseTime = 1_000;

/** Of the burst, and of what a second adds, the most that one instance takes at once: others need some, too. */
const [shareOfBurst, shareOfSecond] = [1 / 32, 1 / 4];

/** Milliseconds: many instances that are refused do not come back all at once, nor too often. */
const [leastSpread, longestSpread] = [8, 250];

/**
 * A lease of so many is taken again by the request that takes the last of it, beside its own calls: the next one need not wait. What is
 * taken ahead of a request that never comes is lost, and of fewer than these it often would be.
 */
const leastRenewed = 4;

/** Buckets an instance remembers: there is one for each subject where subjects are counted. */
const mostBuckets = 10_000;

/** What an instance knows of a bucket. Times are milliseconds, but those of its state. */
interface KnownBucket {
  readonly pk: string;
  left: number;
  leaseEnds: number;
  /** The next lease, while it is being taken. */
  renewal: Promise<void> | undefined;
  state: BucketState | undefined;
  /** Since when, and until when: a clock that was set back is before both. */
  emptySince: number;
  emptyUntil: number;
  /** How often in a row it was empty. */
  refusals: number;
  second: number;
  /** Requests of the present second, and of the one before. */
  seen: number;
  seenBefore: number;
}

export interface Leases {
  /**
   * Takes one from what is left; answers the milliseconds until there is one again, 0 when it was taken. Throws as DynamoDB does, but
   * where it says that the bucket is asked too often: then it counts as empty.
   */
  readonly take: (counted: Counted) => Promise<number>;
  /**
   * Resolves when no lease is being taken beside a request. Lambda freezes an instance that has answered, and what it still waits for
   * with it: the lease would be over when it wakes. Never rejects.
   */
  readonly renewed: () => Promise<unknown>;
}

export function createLeases(store: QuotaStore): Leases {
  const known = new Map<string, KnownBucket>();
  const renewals = new Set<Promise<void>>();
  const bucketOf = (counted: Counted): KnownBucket => {
    const pk = keyOf(counted);
    const bucket = known.get(pk) ?? newBucket(pk);
    known.set(pk, bucket);
    for (const oldest of known.keys()) {
      if (known.size <= mostBuckets) break;
      known.delete(oldest);
    }
    return bucket;
  };
  const takeLease = (bucket: KnownBucket, quota: Quota, used: 0 | 1): Promise<number> =>
    draw(bucket, { quota, used }, store).catch((error: unknown) => {
      if (!isThrottling(error)) throw error;
      return emptyFor(bucket, longestSpread, store);
    });
  const renew = (bucket: KnownBucket, quota: Quota): void => {
    const end = (): void => {
      bucket.renewal = undefined;
      renewals.delete(renewal);
    };
    // The request has what it needs; where this failed, the next one takes its own lease, or fails by the same cause.
    const renewal = takeLease(bucket, quota, 0).then(end, end);
    bucket.renewal = renewal;
    renewals.add(renewal);
  };
  const take = async (counted: Counted): Promise<number> => {
    const { quota } = counted;
    const bucket = bucketOf(counted);
    count(bucket, store.clock());
    if (bucket.left === 0) await bucket.renewal;
    const now = store.clock();
    if (now >= bucket.leaseEnds) bucket.left = 0;
    if (bucket.left > 0) {
      bucket.left -= 1;
      if (bucket.left === 0 && !bucket.renewal && leaseSize(bucket, quota) >= leastRenewed) renew(bucket, quota);
      return 0;
    }
    if (now >= bucket.emptySince && now < bucket.emptyUntil) return bucket.emptyUntil - now;
    return takeLease(bucket, quota, 1);
  };
  return { take, renewed: () => Promise.all(renewals) };
}

function newBucket(pk: string): KnownBucket {
  return {
    pk,
    left: 0,
    leaseEnds: 0,
    renewal: undefined,
    state: undefined,
    emptySince: 0,
    emptyUntil: 0,
    refusals: 0,
    second: 0,
    seen: 0,
    seenBefore: 0,
  };
}

// A subject is other people's text of any length and alphabet.
function keyOf({ by, name, subject }: Counted): string {
  return quotaKey(by, subject === undefined ? name : hash('sha256', JSON.stringify([name, subject]), 'hex'));
}

function count(bucket: KnownBucket, now: number): void {
  const second = Math.floor(now / 1_000);
  if (second !== bucket.second) {
    bucket.seenBefore = second === bucket.second + 1 ? bucket.seen : 0;
    bucket.seen = 0;
    bucket.second = second;
  }
  bucket.seen += 1;
}

/** Half of what a second needs, so that little of it is left when the lease ends. */
function leaseSize({ seen, seenBefore }: KnownBucket, { burst, count: each, seconds }: Quota): number {
  const most = Math.min(burst * shareOfBurst, (each / seconds) * shareOfSecond);
  return Math.max(1, Math.floor(Math.min(most, Math.max(seen, seenBefore) / 2)));
}

interface LeaseWanted {
  readonly quota: Quota;
  /** Of it, by the request that it is taken for. */
  readonly used: 0 | 1;
}

/** By one conditional write at most; it is read first where what is known of it is of another period, and afterwards to say when to come again. */
async function draw(bucket: KnownBucket, { quota, used }: LeaseWanted, store: QuotaStore): Promise<number> {
  const { pk } = bucket;
  const now = Math.round(store.clock() * 1_000);
  const read = () => readBucket(store, { pk, now, quota });
  // Of a bucket that was empty, others have taken since.
  const known = bucket.refusals === 0 && bucket.state && isKnown(bucket.state, now, quota) ? bucket.state : undefined;
  const state = known ?? (await read());
  const lease = leaseSize(bucket, quota);
  // Not worth a write each time: of a hot bucket that is nearly empty, many would take one each.
  const least = Math.max(1, Math.floor(lease / 2));
  const room = roomAt(now, state.fullAt, quota);
  const wanted = Math.min(lease, room);
  const drawn = room < least ? undefined : await drawFrom(store, { pk, quota, now, wanted, state });
  if (!drawn) {
    bucket.state = known === undefined || room < least ? state : await read();
    const wait = timeUntil(least, { now, state: bucket.state, quota });
    return emptyFor(bucket, Math.max(1, wait), store);
  }
  bucket.state = drawn;
  // Requests side by side may each have taken one.
  bucket.left += wanted - used;
  bucket.leaseEnds = now / 1_000 + leaseTime;
  bucket.refusals = Math.floor(bucket.refusals / 2);
  return 0;
}

/** Milliseconds until so many are in the bucket, if nobody takes any. */
function timeUntil(
  wanted: number,
  { now, state, quota }: { readonly now: number; readonly state: BucketState; readonly quota: Quota },
): number {
  return (state.fullAt - now - (quota.burst - wanted) * spacingOf(quota)) / 1_000;
}

/** Whoever is refused again and again has rivals: the more often, the longer they spread, so that a hot bucket is not asked by all. */
function emptyFor(bucket: KnownBucket, wait: number, { clock, random }: QuotaStore): number {
  const spread =
    bucket.refusals === 0 ? 0 : Math.min(longestSpread, Math.max(leastSpread, wait) * 2 ** bucket.refusals);
  const whole = Math.max(1, Math.ceil(wait + random() * spread));
  bucket.refusals += 1;
  bucket.emptySince = clock();
  bucket.emptyUntil = bucket.emptySince + whole;
  return whole;
}
