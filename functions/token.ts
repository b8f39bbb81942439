// POST /token and GET /credentials. Wiring only: configuration, clients, clock and randomness for their endpoints.
import { randomBytes, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { KMSClient } from '@aws-sdk/client-kms';
import { STSClient } from '@aws-sdk/client-sts';
import { clientOptions } from '../shared/aws/client-options.ts';
import { createRecordDecision } from '../shared/aws/decision-records.ts';
import { createCachedKeyring, createReadKeyring } from '../shared/aws/keyring.ts';
import { createSign } from '../shared/aws/kms.ts';
import { createRelease, createUseOnce } from '../shared/aws/one-time-uses.ts';
import { createRecordReference } from '../shared/aws/reference-tokens.ts';
import { createAssumeRole } from '../shared/aws/sts.ts';
import { environmentNames, readConfig } from '../shared/config.ts';
import { createBudget } from '../shared/http/budget.ts';
import { byResource } from '../shared/http/by-resource.ts';
import { credentialsEndpoint } from '../shared/http/credentials-endpoint.ts';
import { fetchJson } from '../shared/http/fetch-json.ts';
import { createIssuerKeys } from '../shared/http/issuer-keys.ts';
import { createLog } from '../shared/http/log.ts';
import { tokenEndpoint, unverifiedBudget } from '../shared/http/token-endpoint.ts';
import { conditionEvaluator } from '../shared/policy/conditions.ts';
import { indexRules } from '../shared/policy/evaluate.ts';
import { joinPolicy } from '../shared/policy/policy-artifact.ts';

const { issuer, recordsTable, decisionRetention } = readConfig(process.env, [
  'issuer',
  'recordsTable',
  'decisionRetention',
]);
const artifact = readFileSync(new URL('policy.json', import.meta.url), 'utf8');
const policy = joinPolicy(artifact, process.env[environmentNames.policyValues]);
const dynamodb = new DynamoDBClient(clientOptions);
const write = createLog('token');
const now = (): number => Math.floor(Date.now() / 1_000);
const findKey = createIssuerKeys({
  now: Date.now,
  fetchJson,
  random: Math.random,
  onFailure: (name, cause) => write('error', 'issuer_keys', { issuer: name, cause }),
});

const cambio = {
  issuer,
  policy,
  findRules: indexRules(policy.rules),
  evaluateCondition: conditionEvaluator(),
  findIssuerKey: findKey,
  findClientKey: findKey,
  readKeyring: createCachedKeyring(createReadKeyring(dynamodb, recordsTable), Date.now),
  assumeRole: createAssumeRole(new STSClient(clientOptions)),
  sign: createSign(new KMSClient(clientOptions)),
  recordDecision: createRecordDecision(dynamodb, recordsTable),
  recordReference: createRecordReference(dynamodb, recordsTable),
  useOnce: createUseOnce(dynamodb, recordsTable, now),
  release: createRelease(dynamodb, recordsTable),
  newHandle: () => randomBytes(32),
  now,
  decisionRetention: Number(decisionRetention),
};
const budget = createBudget({ ...unverifiedBudget, now: Date.now });
const options = { write, newId: randomUUID, clock: Date.now, budget };

export const handler = byResource({
  '/token': tokenEndpoint(cambio, options),
  '/credentials': credentialsEndpoint(cambio, options),
});
