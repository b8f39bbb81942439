// POST /token (RFC 8693). No I/O of its own.
import type { ExchangeCapabilities } from '../../oauth/capabilities.ts';
import { exchange } from '../../oauth/exchange.ts';
import type { CallerHeaders } from '../../oauth/request/client-credentials.ts';
import type { ProofCapabilities } from '../../oauth/verify/possession.ts';
import { json } from '../api-gateway.ts';
import type { EndpointOptions } from '../audited-endpoint.ts';
import { formEndpoint } from '../form-endpoint.ts';

/** Whoever proves a key is told the nonce of the next proof before the last one ends (RFC 9449 §8.2). */
export async function nextNonce(
  { dpop }: Pick<CallerHeaders, 'dpop'>,
  { currentNonce }: Pick<ProofCapabilities, 'currentNonce'>,
): Promise<Readonly<Record<string, string>>> {
  return dpop === undefined ? {} : { 'DPoP-Nonce': await currentNonce() };
}

/** The Lambda handler of `POST /token`. */
export function tokenEndpoint(capabilities: ExchangeCapabilities, options: EndpointOptions) {
  return formEndpoint(
    {
      name: 'token_exchange',
      capabilities,
      respond: async (call, decision) => {
        const answer = await exchange(call, capabilities, decision);
        return json(200, answer, await nextNonce(call.headers, capabilities));
      },
    },
    options,
  );
}
