// POST /introspect. Wiring only.
import { lookupsOf } from '../shared/aws/records.ts';
import { introspectionEndpoint } from '../shared/http/endpoints/introspection.ts';
import { endpointParts } from './wiring.ts';

const { capabilities, store, options } = await endpointParts('introspect');

export const handler = introspectionEndpoint({ ...capabilities, ...lookupsOf(store) }, options);
