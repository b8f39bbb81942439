// POST /admin/revocations. Wiring only.
import { createFindDecision } from '../shared/aws/decision-records.ts';
import { createInvoke } from '../shared/aws/invocation.ts';
import { createRecordRevocation } from '../shared/aws/revocations.ts';
import { adminRevocationsEndpoint } from '../shared/http/endpoints/admin-revocations.ts';
import { keptFor } from '../shared/oauth/revocation/revocation-request.ts';
import { clock, configured, joinedPolicy, keyringOf, logOf, now, ownKeys, recordsStore, servedBy } from './wiring.ts';

const config = configured(
  'recordsTable',
  'awsClients',
  'policyValues',
  'keyringMac',
  'sessionRevocations',
  'lambdaEndpoint',
  'tenantKey',
);
const write = logOf('admin-revocations');
const store = await recordsStore(config);
const { call, table } = store;

const { readKeyring } = await keyringOf({ store, config, write });

export const handler = await servedBy(joinedPolicy(config), config, (policy) =>
  adminRevocationsEndpoint({
    findDecision: createFindDecision(call, table),
    recordRevocation: createRecordRevocation(call, table),
    endSessions: createInvoke({
      functionArn: config.sessionRevocations,
      endpoint: config.lambdaEndpoint,
      keys: ownKeys,
      clock,
    }),
    policy,
    readKeyring,
    keptFor: keptFor(policy),
    now,
    write,
  }),
);
