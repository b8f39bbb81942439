// GET /admin/decisions/{decision_id}. Wiring only.
import { createFindDecision } from '../shared/aws/decision-records.ts';
import { decisionEndpoint } from '../shared/http/endpoints/decision.ts';
import { configured, logOf, now, recordsStore } from './wiring.ts';

const { call, table } = recordsStore(configured('recordsTable', 'awsClients'));

export const handler = decisionEndpoint({
  find: createFindDecision(call, table),
  now,
  write: logOf('decisions'),
});
