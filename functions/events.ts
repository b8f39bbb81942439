// POST /events. Wiring only.
import { randomUUID } from 'node:crypto';
import { createFindHolds } from '../shared/aws/records/holds.ts';
import { createRecordRevocation } from '../shared/aws/records/revocations.ts';
import { createTakeUse } from '../shared/aws/records/single-uses.ts';
import { eventsEndpoint } from '../shared/http/endpoints/events.ts';
import { isListed } from '../shared/oauth/revocation/listing.ts';
import { keptFor } from '../shared/oauth/revocation/revocation-request.ts';
import { administeredBy, configured, issuerKeys, joinedPolicy, logOf, now, recordsStore } from './wiring.ts';

const config = configured('recordsTable', 'awsClients', 'policyValues', 'tenantKey');
const { call, table } = await recordsStore(config);
const write = logOf('events');

const findKey = issuerKeys(write);

export const handler = await administeredBy(
  { policy: joinedPolicy(config), config, write, name: 'security_event_failed' },
  {
    by: (policy) =>
      eventsEndpoint({
        issuers: Object.values(policy.issuers),
        findKey,
        recordRevocation: createRecordRevocation(call, table),
        findHolds: createFindHolds(call, table, Math.random),
        takeUse: createTakeUse({ call, table, now }),
        keptFor: keptFor(policy),
        listed: isListed(policy),
        newId: randomUUID,
        now,
        write,
      }),
  },
);
