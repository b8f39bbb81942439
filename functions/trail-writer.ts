// Puts changes of the records table into the audit trail. Wiring only.
import { createAppend } from '../shared/audit/append.ts';
import { trailFact } from '../shared/aws/trail-facts.ts';
import { trailWriterTask } from '../shared/http/endpoints/trail-writer.ts';
import { clock, configured, logOf } from './wiring.ts';
import { trailStore } from './wiring-trail.ts';

const config = configured('issuer', 'trailBucket', 's3Endpoint');
const { issuer } = config;

export const handler = trailWriterTask(
  { append: createAppend(trailStore(config)), factOf: trailFact, issuer, clock },
  logOf('trail-writer'),
);
