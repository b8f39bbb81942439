// POST /revoke (RFC 7009). No I/O of its own.
import { type RevokeCapabilities, revoke } from '../../oauth/revoke.ts';
import { json } from '../api-gateway.ts';
import type { EndpointOptions, KeepingCapabilities } from '../audited-endpoint.ts';
import { type FormEndpoint, formEndpoint } from '../form-endpoint.ts';

/** The Lambda handler of `POST /revoke`; the body of its 200 says nothing (RFC 7009 §2.2). */
export function revocationEndpoint(capabilities: RevokeCapabilities & KeepingCapabilities, options: EndpointOptions) {
  const respond: FormEndpoint['respond'] = async (call, decision) => {
    await revoke(call, capabilities, decision);
    return json(200, {});
  };
  return formEndpoint({ name: 'revocation', capabilities, respond }, options);
}
