// What every endpoint that knows the policy and its callers is wired from: configuration, policy, records, keys, log.
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { KMSClient } from '@aws-sdk/client-kms';
import { clientOptions } from '../shared/aws/client-options.ts';
import { createSign } from '../shared/aws/kms.ts';
import { recordsOf } from '../shared/aws/records.ts';
import { environmentNames, readConfig } from '../shared/config.ts';
import { unverifiedDecisions } from '../shared/http/audited-endpoint.ts';
import { createLog } from '../shared/http/log.ts';
import { fetchJson } from '../shared/issuers/fetch-json.ts';
import { createIssuerKeys } from '../shared/issuers/issuer-keys.ts';
import { createCheckUpstream } from '../shared/issuers/upstream-introspection.ts';
import { joinPolicy } from '../shared/policy/policy-artifact.ts';

const clock = Date.now;

/** @param name of the function, as its log lines carry it */
export function endpointParts(name: string) {
  const config = readConfig(process.env, ['issuer', 'recordsTable', 'decisionRetention']);
  const artifact = readFileSync(new URL('policy.json', import.meta.url), 'utf8');
  const policy = joinPolicy(artifact, process.env[environmentNames.policyValues]);
  const write = createLog(name);
  const store = { client: new DynamoDBClient(clientOptions), table: config.recordsTable };
  const findKey = createIssuerKeys({
    now: clock,
    fetchJson,
    random: Math.random,
    onFailure: (issuer, cause) => write('error', 'issuer_keys', { issuer, cause }),
  });
  const records = recordsOf({ ...store, clock, random: Math.random });
  const sign = createSign(new KMSClient(clientOptions));
  const capabilities = {
    ...records,
    issuer: config.issuer,
    policy,
    sign,
    checkUpstream: createCheckUpstream({
      ...{ readKeyring: records.readKeyring, sign, fetchJson, now: records.now, newId: randomUUID },
      onFailure: (issuer, cause) => write('error', 'upstream_introspection', { issuer, cause }),
    }),
    findIssuerKey: findKey,
    findClientKey: findKey,
    decisionRetention: Number(config.decisionRetention),
  };
  return { capabilities, store, options: { write, newId: randomUUID, clock, budget: unverifiedDecisions(clock) } };
}
