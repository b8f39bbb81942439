// Looks for decisions that the audit trail lacks. Wiring only.
import { createAppend } from '../shared/audit/append.ts';
import { createFindDecision } from '../shared/aws/records/decision-records.ts';
import { createFindListed } from '../shared/aws/records/listed-decisions.ts';
import { createDecisionsOf } from '../shared/aws/records/swept-decisions.ts';
import { trailSweepTask } from '../shared/http/endpoints/trail-sweep.ts';
import { configured, logOf, now, recordsStore } from './wiring.ts';
import { trailStore } from './wiring-trail.ts';

const config = configured('issuer', 'recordsTable', 'decisionIndex', 'awsClients', 'trailBucket', 's3Endpoint');
const { call, table } = await recordsStore(config);
const store = trailStore(config);

export const handler = trailSweepTask(
  {
    store,
    append: createAppend(store),
    decisionsOf: createDecisionsOf({ call, table, index: config.decisionIndex, find: createFindListed(call, table) }),
    findDecision: createFindDecision(call, table),
    issuer: config.issuer,
    now,
  },
  logOf('trail-sweep'),
);
