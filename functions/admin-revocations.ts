// POST /admin/revocations. Wiring only.
import { createFindDecision } from '../shared/aws/records/decision-records.ts';
import { createRecordRevocation } from '../shared/aws/records/revocations.ts';
import { adminRevocationsEndpoint } from '../shared/http/endpoints/admin-revocations.ts';
import { keptFor } from '../shared/oauth/revocation/revocation-request.ts';
import { administeredBy, configured, joinedPolicy, keyringOf, logOf, now, recordsStore } from './wiring.ts';
import { endSessionsBy } from './wiring-sessions.ts';

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

export const handler = await administeredBy(
  { policy: joinedPolicy(config), config, write, name: 'admin_revocation' },
  {
    by: (policy) =>
      adminRevocationsEndpoint({
        findDecision: createFindDecision(call, table),
        recordRevocation: createRecordRevocation(call, table),
        endSessions: endSessionsBy(config),
        policy,
        readKeyring,
        keptFor: keptFor(policy),
        now,
        write,
      }),
  },
);
