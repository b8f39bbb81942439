// What functions that publish documents are wired from, beside what all are.
import { clock, configured, ownKeys } from './wiring.ts';

const { documentsBucket: bucket, s3Endpoint: endpoint } = configured('documentsBucket', 's3Endpoint');

/** The bucket that CloudFront serves them from, where there is one. */
export const documents = {
  ...{ bucket, endpoint, region: process.env['AWS_REGION'] ?? '' },
  keys: ownKeys,
  clock,
  random: Math.random,
};
