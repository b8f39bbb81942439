// /admin/suspensions: GET of the list, PUT and DELETE of one; and the gauges. Wiring only.
import { createFindHolds } from '../shared/aws/records/holds.ts';
import {
  createEndSuspension,
  createListSuspensions,
  createRecordSuspension,
} from '../shared/aws/records/suspensions.ts';
import { byMethod, byResource } from '../shared/http/by-resource.ts';
import { resumeEndpoint, suspendEndpoint, suspensionsEndpoint } from '../shared/http/endpoints/admin-suspensions.ts';
import { gaugesTask } from '../shared/http/endpoints/gauges.ts';
import { administeredBy, configured, joinedPolicy, keyringOf, logOf, now, recordsStore } from './wiring.ts';

const config = configured('recordsTable', 'awsClients', 'policyValues', 'keyringMac', 'tenantKey');
const write = logOf('suspensions');
const store = await recordsStore(config);
const { call, table } = store;
const constant = {
  recordSuspension: createRecordSuspension(call, table),
  endSuspension: createEndSuspension(call, table),
  listSuspensions: createListSuspensions({ call, table, now, findHolds: createFindHolds(call, table, Math.random) }),
  readKeyring: (await keyringOf({ store, config, write })).readKeyring,
  now,
  write,
};
const deployed = joinedPolicy(config);
const gauges = gaugesTask(constant);
const administered = await administeredBy<never>(
  { policy: deployed, config, write, name: 'suspension' },
  {
    by: (policy) => {
      const capabilities = { ...constant, policy };
      return byResource({
        '/admin/suspensions': suspensionsEndpoint(capabilities),
        '/admin/suspensions/{kind}/{name+}': byMethod({
          PUT: suspendEndpoint(capabilities),
          DELETE: resumeEndpoint(capabilities),
        }),
      });
    },
  },
);

export const handler = byResource<unknown>({
  '/admin/suspensions': administered,
  '/admin/suspensions/{kind}/{name+}': administered,
  // On a schedule, not a route.
  gauges,
});
