// GET /admin/decisions/{decision_id}. Wiring only.
import { createFindDecision } from '../shared/aws/decision-records.ts';
import { decisionEndpoint } from '../shared/http/endpoints/decision.ts';
import { configured, joinedPolicy, logOf, now, recordsStore } from './wiring.ts';

const config = configured('recordsTable', 'awsClients', 'policyValues');
const { call, table } = recordsStore(config);

export const handler = decisionEndpoint({
  policy: joinedPolicy(config),
  find: createFindDecision(call, table),
  now,
  write: logOf('decisions'),
});
