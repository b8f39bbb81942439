// What one exchange does and how much of it, as measured and counted: row 11 of docs/performance.md and test/stack/costs.test.ts. Pure.
import type { SigningAlgorithm } from '../../shared/policy/compiled-policy.ts';
import type { Unit } from './prices.ts';

/** A granted exchange for a JWT, warm, no single use, every decision in the list of decisions. */
export const exchange = {
  /** Seconds that Lambda counts, with KMS 8 ms and DynamoDB 4 ms away. */
  seconds: 0.0172,
  gigabytes: 0.5,
  /** Keys of one BatchGetItem, each a strongly consistent read: revocations and suspensions. */
  keysRead: 7,
  /** The record, and its entry in the list of decisions. */
  writeUnits: 2,
  recordBytes: 677,
  /** In the list of decisions: its keys, `reason` and `expiresAt`, and the 100 bytes DynamoDB counts for an item. */
  listedBytes: 200,
  logBytes: 1_927,
  /** Of its event in the trail, packed. */
  trailBytes: 300,
} as const;

export const assumed = {
  /** Days that a decision is kept, logs, and the trail: the defaults of the props. */
  decisionDays: 30,
  logDays: 90,
  trailDays: 365,
  /** Exchanges of one execution environment before it ends. */
  exchangesPerEnvironment: 1_000,
  /** Changes in one batch of the stream, under even load. */
  changesPerBatch: 100,
  /** Seconds for a batch. */
  batchSeconds: 0.2,
  /** Series that are written in steady use (docs/monitoring.md). */
  metricSeries: 12,
} as const;

/** The unit by which KMS bills a signature. */
export function signatureUnit(alg: SigningAlgorithm): Unit {
  return alg === 'RS256' || alg === 'PS256' ? 'rsa2048Call' : 'asymmetricCall';
}
