// POST /revoke. Wiring only.
import { revocationEndpoint } from '../shared/http/endpoints/revocation.ts';
import { endpointParts } from './wiring.ts';

const { capabilities, options } = await endpointParts('revoke');

export const handler = revocationEndpoint(capabilities, options);
