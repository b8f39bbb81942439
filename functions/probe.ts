// Probes the deployment on a schedule. Wiring only.
import { setTimeout as sleep } from 'node:timers/promises';
import { createIdentityToken } from '../shared/aws/identity-token.ts';
import { probeTask } from '../shared/http/endpoints/probe.ts';
import { callApi } from '../shared/issuers/call-api.ts';
import { callOptions, clock, configured, logOf, ownKeys } from './wiring.ts';

const config = configured('issuer', 'apiBase', 'probeAudience', 'probeClient', 'probeIdentity', 'awsClients');
const { issuer, apiBase, probeAudience: audience, probeClient: client, probeIdentity } = config;
const { environment } = callOptions(config);

export const handler = probeTask(
  {
    ...{ issuer, apiBase, audience, client, clock, sleep: (milliseconds) => sleep(milliseconds) },
    ...callApi,
    identityToken: createIdentityToken({ audience: probeIdentity, environment, keys: ownKeys, clock }),
  },
  logOf('probe'),
);
