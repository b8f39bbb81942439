// POST /admin/revocations. Wiring only.
import { createFindDecision } from '../shared/aws/decision-records.ts';
import { createInvoke } from '../shared/aws/invocation.ts';
import { createRecordRevocation } from '../shared/aws/revocations.ts';
import { adminRevocationsEndpoint } from '../shared/http/endpoints/admin-revocations.ts';
import { keptFor } from '../shared/oauth/revocation/revocation-request.ts';
import { clock, configured, joinedPolicy, keyringOf, logOf, now, ownKeys, recordsStore } from './wiring.ts';

const config = configured(
  'recordsTable',
  'awsClients',
  'policyValues',
  'keyringMac',
  'sessionRevocations',
  'lambdaEndpoint',
);
const write = logOf('admin-revocations');
const policy = joinedPolicy(config);
const store = await recordsStore(config);
const { call, table } = store;

export const handler = adminRevocationsEndpoint({
  findDecision: createFindDecision(call, table),
  recordRevocation: createRecordRevocation(call, table),
  endSessions: createInvoke({
    functionArn: config.sessionRevocations,
    endpoint: config.lambdaEndpoint,
    keys: ownKeys,
    clock,
  }),
  policy,
  readKeyring: (await keyringOf({ store, config, write })).readKeyring,
  keptFor: keptFor(policy),
  now,
  write,
});
