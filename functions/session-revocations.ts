// Ends revoked sessions of AWS roles, alone and one run at a time. Wiring only.
import { readFileSync } from 'node:fs';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { STSClient } from '@aws-sdk/client-sts';
import { createAccountKeys } from '../shared/aws/account-keys.ts';
import { clientOptions } from '../shared/aws/client-options.ts';
import { createRolePolicy } from '../shared/aws/iam.ts';
import { createListRevocations } from '../shared/aws/listed-items.ts';
import { keysFrom } from '../shared/aws/own-keys.ts';
import { environmentNames, readConfig } from '../shared/config.ts';
import { sessionRevocationsTask } from '../shared/http/endpoints/session-revocations.ts';
import { createLog } from '../shared/http/log.ts';
import { joinPolicy } from '../shared/policy/policy-artifact.ts';
import { revocableRoles } from '../shared/policy/session-revocation.ts';

const { accountId, recordsTable } = readConfig(process.env, ['accountId', 'recordsTable']);
const artifact = readFileSync(new URL('policy.json', import.meta.url), 'utf8');
const policy = joinPolicy(artifact, process.env[environmentNames.policyValues]);
const now = (): number => Math.floor(Date.now() / 1_000);
const keys = () => keysFrom(process.env);
const accountKeys = createAccountKeys(new STSClient(clientOptions), { accountId, keys });
const rolePolicy = createRolePolicy({
  endpoint: process.env['AWS_ENDPOINT_URL_IAM'],
  clock: Date.now,
  random: Math.random,
});

export const handler = sessionRevocationsTask(
  {
    roles: revocableRoles(policy),
    listRevocations: createListRevocations(new DynamoDBClient(clientOptions), recordsTable, now),
    policyOf: async ({ arn }) => rolePolicy(arn, await accountKeys(arn)),
  },
  createLog('session-revocations'),
);
