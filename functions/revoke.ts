// POST /revoke. Wiring only.
import { lookupsOf, revocationsOf } from '../shared/aws/records/records.ts';
import { revocationEndpoint } from '../shared/http/endpoints/revocation.ts';
import type { CompiledPolicy } from '../shared/policy/compiled-policy.ts';
import { endpointParts, servedBy } from './wiring.ts';

const { config, capabilities, store, options } = await endpointParts('revoke');

const serve = (policy: CompiledPolicy, unavailable?: unknown) =>
  revocationEndpoint(
    { ...capabilities, ...lookupsOf(store), ...revocationsOf(store), policy },
    { ...options, unavailable },
  );

export const handler = await servedBy(
  { policy: capabilities.policy, config, write: options.write },
  { by: serve, without: (error) => serve(capabilities.policy, error) },
);
