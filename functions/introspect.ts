// POST /introspect. Wiring only.
import { lookupsOf } from '../shared/aws/records/records.ts';
import { introspectionEndpoint } from '../shared/http/endpoints/introspection.ts';
import type { CompiledPolicy } from '../shared/policy/compiled-policy.ts';
import { endpointParts, servedBy } from './wiring.ts';

const { config, capabilities, store, options } = await endpointParts('introspect');

const serve = (policy: CompiledPolicy, unavailable?: unknown) =>
  introspectionEndpoint({ ...capabilities, ...lookupsOf(store), policy }, { ...options, unavailable });

export const handler = await servedBy(
  { policy: capabilities.policy, config, write: options.write },
  { by: serve, without: (error) => serve(capabilities.policy, error) },
);
