// /admin/suspensions: GET of the list, PUT and DELETE of one. Wiring only.
import { createFindHolds } from '../shared/aws/holds.ts';
import { createEndSuspension, createListSuspensions, createRecordSuspension } from '../shared/aws/suspensions.ts';
import { byMethod, byResource } from '../shared/http/by-resource.ts';
import { resumeEndpoint, suspendEndpoint, suspensionsEndpoint } from '../shared/http/endpoints/admin-suspensions.ts';
import { configured, joinedPolicy, logOf, now, recordsStore } from './wiring.ts';

const config = configured('recordsTable', 'awsClients', 'policyValues');
const { call, table } = await recordsStore(config);
const capabilities = {
  policy: joinedPolicy(config),
  recordSuspension: createRecordSuspension(call, table),
  endSuspension: createEndSuspension(call, table),
  listSuspensions: createListSuspensions({ call, table, now, findHolds: createFindHolds(call, table, Math.random) }),
  now,
  write: logOf('suspensions'),
};

export const handler = byResource({
  '/admin/suspensions': suspensionsEndpoint(capabilities),
  '/admin/suspensions/{kind}/{name+}': byMethod({
    PUT: suspendEndpoint(capabilities),
    DELETE: resumeEndpoint(capabilities),
  }),
});
