// The custom resource that writes the first keyring at deploy, which may take its time. Wiring only.
import { setTimeout as wait } from 'node:timers/promises';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { KMSClient } from '@aws-sdk/client-kms';
import { retryWhileDenied } from '../shared/aws/access-denied.ts';
import { customResource } from '../shared/aws/custom-resource.ts';
import { makeFirstKeyring, seedKeyring } from '../shared/aws/keyring.ts';
import { findPublicKey } from '../shared/aws/kms.ts';
import { callBySdk } from '../shared/aws/sdk/dynamodb.ts';
import { configured, now } from './wiring.ts';

const { recordsTable } = configured('recordsTable');
const callDynamoDb = callBySdk(new DynamoDBClient({}));
const kms = new KMSClient({});

export const handler = customResource('cambio-keyring', async ({ Keys }) => {
  const seed = async (): Promise<void> => {
    const keyring = await makeFirstKeyring(Keys, async (keyId) => ({
      ...(await findPublicKey(kms, keyId)),
      createdAt: now(),
    }));
    await seedKeyring(callDynamoDb, recordsTable, keyring);
  };
  await retryWhileDenied(seed, (seconds) => wait(seconds * 1_000));
  return undefined;
});
