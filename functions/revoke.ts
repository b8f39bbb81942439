// POST /revoke. Wiring only.
import { revocationEndpoint } from '../shared/http/revocation-endpoint.ts';
import { endpointParts } from './wiring.ts';

const { capabilities, options } = endpointParts('revoke');

export const handler = revocationEndpoint(capabilities, options);
