// The custom resource that writes the first keyring at deploy, which may take its time, and which policy was deployed. Wiring only.
import { setTimeout as wait } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { KMSClient } from '@aws-sdk/client-kms';
import { retryWhileDenied } from '../shared/aws/access-denied.ts';
import { customResource } from '../shared/aws/custom-resource.ts';
import { makeSealedKey } from '../shared/aws/keys/envelope-keys.ts';
import { makeFirstKeyring, seedKeyring, type TemplateKey } from '../shared/aws/keys/keyring-seed.ts';
import { createMakeMac } from '../shared/aws/keys/kms-keys.ts';
import { findPublicKey } from '../shared/aws/kms.ts';
import { deployedPolicyIn, recordDeployedPolicy } from '../shared/aws/policy/deployed-policy.ts';
import { callBySdk } from '../shared/aws/sdk/dynamodb.ts';
import { configured, now } from './wiring.ts';

const { recordsTable: table, keyringMac, wrappingKey } = configured('recordsTable', 'keyringMac', 'wrappingKey');
const kms = new KMSClient({});
const options = { call: callBySdk(new DynamoDBClient({})), table, makeMac: createMakeMac(kms, keyringMac) };

export const handler = customResource('cambio-keyring', async ({ Keys, MacKey, Policy }, before) => {
  const keyOf = async ({ keyId, ...purpose }: TemplateKey) =>
    wrappingKey === undefined
      ? { keyId, ...(await findPublicKey(kms, keyId)) }
      : makeSealedKey(kms, wrappingKey, purpose);
  // The first version that gives it a MAC says so by this property.
  const isUpgrade = before !== undefined && !('MacKey' in before);
  const seed = () => seedKeyring(options, (isWanted) => makeFirstKeyring(Keys, now(), keyOf, isWanted), isUpgrade);
  const isSeeded = before !== undefined && isDeepStrictEqual([before['Keys'], before['MacKey']], [Keys, MacKey]);
  const policy = deployedPolicyIn(Policy);
  const write = async () => {
    if (!isSeeded) await seed();
    await recordDeployedPolicy(options, policy, now());
  };
  await retryWhileDenied(write, (seconds) => wait(seconds * 1_000));
  return undefined;
});
