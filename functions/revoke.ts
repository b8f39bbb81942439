// POST /revoke. Wiring only.
import { lookupsOf, revocationsOf } from '../shared/aws/records.ts';
import { revocationEndpoint } from '../shared/http/endpoints/revocation.ts';
import { endpointParts, servedBy } from './wiring.ts';

const { config, capabilities, store, options } = await endpointParts('revoke');

export const handler = await servedBy({ policy: capabilities.policy, config, write: options.write }, (policy) =>
  revocationEndpoint({ ...capabilities, ...lookupsOf(store), ...revocationsOf(store), policy }, options),
);
