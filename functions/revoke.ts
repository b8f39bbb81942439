// POST /revoke. Wiring only.
import { lookupsOf, revocationsOf } from '../shared/aws/records.ts';
import { revocationEndpoint } from '../shared/http/endpoints/revocation.ts';
import { endpointParts } from './wiring.ts';

const { capabilities, store, options } = await endpointParts('revoke');

export const handler = revocationEndpoint({ ...capabilities, ...lookupsOf(store), ...revocationsOf(store) }, options);
