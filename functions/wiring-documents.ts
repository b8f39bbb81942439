// What functions that publish documents are wired from, beside what all are.
import { createPutDocument } from '../shared/aws/published-documents.ts';
import { clock, configured, ownKeys } from './wiring.ts';

const { documentsBucket: bucket, s3Endpoint: endpoint } = configured('documentsBucket', 's3Endpoint');

/** Into the bucket that CloudFront serves them from. */
export const putDocument = createPutDocument({
  ...{ bucket, endpoint, region: process.env['AWS_REGION'] ?? '' },
  keys: ownKeys,
  clock,
  random: Math.random,
});
