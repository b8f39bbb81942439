// POST /admin/revocations. Wiring only.
import { readFileSync } from 'node:fs';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { clientOptions } from '../shared/aws/client-options.ts';
import { createFindDecision } from '../shared/aws/decision-records.ts';
import { createInvoke } from '../shared/aws/invocation.ts';
import { keysFrom } from '../shared/aws/own-keys.ts';
import { createRecordRevocation } from '../shared/aws/revocations.ts';
import { environmentNames, readConfig } from '../shared/config.ts';
import { adminRevocationsEndpoint } from '../shared/http/endpoints/admin-revocations.ts';
import { createLog } from '../shared/http/log.ts';
import { keptFor } from '../shared/oauth/revocation/revocation-request.ts';
import { joinPolicy } from '../shared/policy/policy-artifact.ts';

const { recordsTable } = readConfig(process.env, ['recordsTable']);
const artifact = readFileSync(new URL('policy.json', import.meta.url), 'utf8');
const policy = joinPolicy(artifact, process.env[environmentNames.policyValues]);
const client = new DynamoDBClient(clientOptions);

export const handler = adminRevocationsEndpoint({
  findDecision: createFindDecision(client, recordsTable),
  recordRevocation: createRecordRevocation(client, recordsTable),
  endSessions: createInvoke({
    functionArn: process.env[environmentNames.sessionRevocations],
    endpoint: process.env['AWS_ENDPOINT_URL_LAMBDA'],
    keys: () => keysFrom(process.env),
    clock: Date.now,
  }),
  keptFor: keptFor(policy),
  now: () => Math.floor(Date.now() / 1_000),
  write: createLog('admin-revocations'),
});
