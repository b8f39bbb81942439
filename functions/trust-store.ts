// The custom resource that puts the trust store of clients' certificates at deploy, which may take its time. Wiring only.
import { readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { retryWhileDenied } from '../shared/aws/access-denied.ts';
import { customResource } from '../shared/aws/custom-resource.ts';
import { putTrustStore } from '../shared/aws/trust-store.ts';
import { clock, configured, ownKeys } from './wiring.ts';

const { trustStoreBucket: bucket, s3Endpoint: endpoint } = configured('trustStoreBucket', 's3Endpoint');
const options = {
  ...{ bucket, endpoint, region: process.env['AWS_REGION'] ?? '' },
  keys: ownKeys,
  clock,
  random: Math.random,
};
const pem = readFileSync(new URL('truststore.pem', import.meta.url));

export const handler = customResource('cambio-trust-store', async () => {
  const version = await retryWhileDenied(
    () => putTrustStore(pem, options),
    (seconds) => wait(seconds * 1_000),
  );
  return { Version: version };
});
