// The custom resource that writes the first keyring at deploy, which may take its time. Wiring only.
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { KMSClient } from '@aws-sdk/client-kms';
import { customResource } from '../shared/aws/custom-resource.ts';
import { makeFirstKeyring, seedKeyring } from '../shared/aws/keyring.ts';
import { findPublicKey } from '../shared/aws/kms.ts';
import { callBySdk } from '../shared/aws/sdk/dynamodb.ts';
import { configured } from './wiring.ts';

const { recordsTable } = configured('recordsTable');
const callDynamoDb = callBySdk(new DynamoDBClient({}));
const kms = new KMSClient({});

export const handler = customResource('cambio-keyring', async (properties) => {
  const keyring = await makeFirstKeyring(properties['Keys'], (keyId) => findPublicKey(kms, keyId));
  await seedKeyring(callDynamoDb, recordsTable, keyring);
});
