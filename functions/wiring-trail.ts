// What the functions of the audit trail are wired from, beside what all are.
import { createTrailBucket } from '../shared/aws/trail-bucket.ts';
import type { Config } from '../shared/config.ts';
import { clock, ownKeys } from './wiring.ts';

/** The bucket of the audit trail. */
export function trailStore({ trailBucket: bucket, s3Endpoint: endpoint }: Config<'trailBucket' | 's3Endpoint'>) {
  const region = process.env['AWS_REGION'] ?? '';
  return createTrailBucket({ bucket, region, endpoint, keys: ownKeys, clock, random: Math.random });
}
