// GET /admin/decisions/{decision_id}. Wiring only.
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { clientOptions } from '../shared/aws/client-options.ts';
import { createFindDecision } from '../shared/aws/decision-records.ts';
import { readConfig } from '../shared/config.ts';
import { decisionEndpoint } from '../shared/http/endpoints/decision.ts';
import { createLog } from '../shared/http/log.ts';

const { recordsTable } = readConfig(process.env, ['recordsTable']);

export const handler = decisionEndpoint({
  find: createFindDecision(new DynamoDBClient(clientOptions), recordsTable),
  now: () => Math.floor(Date.now() / 1_000),
  write: createLog('decisions'),
});
