// POST /token (RFC 8693). No I/O of its own.
import type { ExchangeCapabilities } from '../../oauth/capabilities.ts';
import { exchange } from '../../oauth/exchange.ts';
import { json } from '../api-gateway.ts';
import type { EndpointOptions } from '../audited-endpoint.ts';
import { formEndpoint } from '../form-endpoint.ts';

/** The Lambda handler of `POST /token`. */
export function tokenEndpoint(capabilities: ExchangeCapabilities, options: EndpointOptions) {
  return formEndpoint(
    {
      name: 'token_exchange',
      capabilities,
      respond: async (call, decision) => json(200, await exchange(call, capabilities, decision)),
    },
    options,
  );
}
