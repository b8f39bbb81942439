// POST /introspect. Wiring only.
import { lookupsOf } from '../shared/aws/records.ts';
import { introspectionEndpoint } from '../shared/http/endpoints/introspection.ts';
import { endpointParts, servedBy } from './wiring.ts';

const { config, capabilities, store, options } = await endpointParts('introspect');

export const handler = await servedBy({ policy: capabilities.policy, config, write: options.write }, (policy) =>
  introspectionEndpoint({ ...capabilities, ...lookupsOf(store), policy }, options),
);
