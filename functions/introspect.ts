// POST /introspect. Wiring only.
import { introspectionEndpoint } from '../shared/http/introspection-endpoint.ts';
import { endpointParts } from './wiring.ts';

const { capabilities, options } = endpointParts('introspect');

export const handler = introspectionEndpoint(capabilities, options);
