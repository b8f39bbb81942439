// Signs where the chains of the audit trail end. Wiring only.
import { KMSClient } from '@aws-sdk/client-kms';
import { clientOptions } from '../shared/aws/client-options.ts';
import { createTrailKey } from '../shared/aws/trail-key.ts';
import { trailHeadsTask } from '../shared/http/endpoints/trail-heads.ts';
import { configured, logOf, now, signWithKms } from './wiring.ts';
import { trailStore } from './wiring-trail.ts';

const config = configured('trailBucket', 'trailKey', 'awsClients', 's3Endpoint');
const key = createTrailKey(config.trailKey, new KMSClient(clientOptions), await signWithKms(config));

export const handler = trailHeadsTask({ store: trailStore(config), ...key, now }, logOf('trail-heads'));
