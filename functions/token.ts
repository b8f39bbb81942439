// POST /token. Wiring only: configuration, clients, clock and randomness for shared/http/token-endpoint.ts.
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { KMSClient } from '@aws-sdk/client-kms';
import { clientOptions } from '../shared/aws/client-options.ts';
import { createRecord } from '../shared/aws/issuance-records.ts';
import { createFindSigningKey, createReadKeyring } from '../shared/aws/keyring.ts';
import { createSign } from '../shared/aws/kms.ts';
import { environmentNames, readConfig } from '../shared/config.ts';
import { fetchJson } from '../shared/http/fetch-json.ts';
import { createIssuerKeys } from '../shared/http/issuer-keys.ts';
import { createLog } from '../shared/http/log.ts';
import { tokenEndpoint } from '../shared/http/token-endpoint.ts';
import { indexRules } from '../shared/policy/evaluate.ts';
import { joinPolicy } from '../shared/policy/policy-artifact.ts';

const { issuer, recordsTable } = readConfig(process.env, ['issuer', 'recordsTable']);
const artifact = readFileSync(new URL('policy.json', import.meta.url), 'utf8');
const policy = joinPolicy(artifact, process.env[environmentNames.policyValues]);
const dynamodb = new DynamoDBClient(clientOptions);

export const handler = tokenEndpoint(
  {
    issuer,
    policy,
    findRules: indexRules(policy.rules),
    findIssuerKey: createIssuerKeys({ now: Date.now, fetchJson, random: Math.random }),
    findSigningKey: createFindSigningKey(createReadKeyring(dynamodb, recordsTable), Date.now),
    sign: createSign(new KMSClient(clientOptions)),
    record: createRecord(dynamodb, recordsTable),
    newId: randomUUID,
    now: () => Math.floor(Date.now() / 1_000),
  },
  { write: createLog('token'), newId: randomUUID },
);
