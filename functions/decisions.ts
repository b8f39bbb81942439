// GET /admin/decisions and GET /admin/decisions/{decision_id}. Wiring only.
import { createFindDecision } from '../shared/aws/records/decision-records.ts';
import { createFindListed } from '../shared/aws/records/listed-decisions.ts';
import { byResource } from '../shared/http/by-resource.ts';
import { decisionEndpoint } from '../shared/http/endpoints/decision.ts';
import { decisionsEndpoint } from '../shared/http/endpoints/decisions.ts';
import { clock, configured, joinedPolicy, logOf, now, recordsStore } from './wiring.ts';

const config = configured('recordsTable', 'awsClients', 'decisionIndex', 'policyValues');
const { call, table } = await recordsStore(config);
const parts = { policy: joinedPolicy(config), now, write: logOf('decisions') };

export const handler = byResource({
  '/admin/decisions': decisionsEndpoint({
    ...parts,
    index: config.decisionIndex,
    find: createFindListed(call, table),
    clock,
  }),
  '/admin/decisions/{decision_id}': decisionEndpoint({ ...parts, find: createFindDecision(call, table) }),
});
