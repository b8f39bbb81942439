// Ends revoked sessions of AWS roles, alone and one run at a time. Wiring only.
import { STSClient } from '@aws-sdk/client-sts';
import { createAccountKeys } from '../shared/aws/account-keys.ts';
import { clientOptions } from '../shared/aws/client-options.ts';
import { createRolePolicy } from '../shared/aws/iam.ts';
import { createListRevocations } from '../shared/aws/records/listed-items.ts';
import { sessionRevocationsTask } from '../shared/http/endpoints/session-revocations.ts';
import { reachingRevocations } from '../shared/oauth/role-session/session-denials.ts';
import { revocableRoles } from '../shared/policy/session-revocation.ts';
import { clock, configured, joinedPolicy, logOf, now, ownKeys, recordsStore } from './wiring.ts';

const config = configured('accountId', 'recordsTable', 'awsClients', 'policyValues', 'iamEndpoint');
const { accountId, iamEndpoint: endpoint } = config;
const policy = joinedPolicy(config);
const { call, table } = await recordsStore(config);
const accountKeys = createAccountKeys(new STSClient(clientOptions), { accountId, keys: ownKeys });
const rolePolicy = createRolePolicy({ endpoint, clock, random: Math.random });

export const handler = sessionRevocationsTask(
  {
    roles: revocableRoles(policy),
    reaching: reachingRevocations(policy),
    // Of revocable roles no session lives longer than 12 hours, and none is made of what was revoked before.
    listRevocations: createListRevocations({ call, table, now, hours: 13 }),
    policyOf: async ({ arn }) => rolePolicy(arn, await accountKeys(arn)),
  },
  logOf('session-revocations'),
);
