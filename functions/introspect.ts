// POST /introspect. Wiring only.
import { introspectionEndpoint } from '../shared/http/endpoints/introspection.ts';
import { endpointParts } from './wiring.ts';

const { capabilities, options } = await endpointParts('introspect');

export const handler = introspectionEndpoint(capabilities, options);
