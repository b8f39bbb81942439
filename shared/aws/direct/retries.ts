// Which failures of a call are worth another try, and when: the SDK's standard mode. Pure.
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
import { AwsError } from './aws-error.ts';

/** Of all tries of a call. */
export const mostTries = 3;

/** The service is busy, or we ask too much of it. */
const throttling: ReadonlySet<string> = new Set([
  'BandwidthLimitExceeded',
  'EC2ThrottledException',
  'LimitExceededException',
  'PriorRequestNotComplete',
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'RequestThrottled',
  'RequestThrottledException',
  'SlowDown',
  'ThrottledException',
  'Throttling',
  'ThrottlingException',
  'TooManyRequestsException',
  'TransactionInProgressException',
]);
const transient: ReadonlySet<string> = new Set([
  'InternalError',
  'RequestTimeout',
  'RequestTimeoutException',
  // STS could not reach the issuer of a web identity.
  'IDPCommunicationError',
]);
const transientStatuses: ReadonlySet<number> = new Set([500, 502, 503, 504]);

/** Milliseconds, doubled at each further try; a random part of it is waited. */
const baseDelay = { throttling: 150, transient: 50 } as const;

type RetryClass = keyof typeof baseDelay;

/** Undefined for what the service would answer again. */
export function retryClassOf(error: unknown): RetryClass | undefined {
  // Without an answer of the service, or with one that is none.
  if (!(error instanceof AwsError)) return 'transient';
  if (throttling.has(error.name) || error.status === 429) return 'throttling';
  return transient.has(error.name) || transientStatuses.has(error.status) ? 'transient' : undefined;
}

/**
 * Milliseconds to wait before the next try.
 * @param tries so far
 * @param random from 0 up to 1
 */
export function delayBefore(kind: RetryClass, tries: number, random: number): number {
  return baseDelay[kind] * 2 ** (tries - 1) * random;
}

export interface RetryQuota {
  /** Whether one more retry is within the quota; it is used up then. */
  readonly take: () => boolean;
  /** A call succeeded. */
  readonly refill: () => void;
}

/**
 * Ends retries while most calls fail: they would add to what is too much already. A retry costs as much as the successes of
 * five calls bring.
 */
export function createRetryQuota(): RetryQuota {
  const [most, cost] = [500, 5];
  let left = most;
  return {
    take: () => {
      if (left < cost) return false;
      left -= cost;
      return true;
    },
    refill: () => {
      left = Math.min(most, left + 1);
    },
  };
}
