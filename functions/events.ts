// POST /events. Wiring only.
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { clientOptions } from '../shared/aws/client-options.ts';
import { createTakeUse } from '../shared/aws/one-time-uses.ts';
import { createRecordRevocation } from '../shared/aws/revocations.ts';
import { environmentNames, readConfig } from '../shared/config.ts';
import { eventsEndpoint } from '../shared/http/endpoints/events.ts';
import { createLog } from '../shared/http/log.ts';
import { fetchJson } from '../shared/issuers/fetch-json.ts';
import { createIssuerKeys } from '../shared/issuers/issuer-keys.ts';
import { keptFor } from '../shared/oauth/revocation/revocation-request.ts';
import { joinPolicy } from '../shared/policy/policy-artifact.ts';

const { recordsTable: table } = readConfig(process.env, ['recordsTable']);
const artifact = readFileSync(new URL('policy.json', import.meta.url), 'utf8');
const policy = joinPolicy(artifact, process.env[environmentNames.policyValues]);
const client = new DynamoDBClient(clientOptions);
const write = createLog('events');
const now = (): number => Math.floor(Date.now() / 1_000);

export const handler = eventsEndpoint({
  issuers: Object.values(policy.issuers),
  findKey: createIssuerKeys({
    now: Date.now,
    fetchJson,
    random: Math.random,
    onFailure: (name, cause) => write('error', 'issuer_keys', { issuer: name, cause }),
  }),
  recordRevocation: createRecordRevocation(client, table),
  takeUse: createTakeUse({ client, table, now }),
  keptFor: keptFor(policy),
  newId: randomUUID,
  now,
  write,
});
