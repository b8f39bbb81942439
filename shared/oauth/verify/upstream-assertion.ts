// Cambio as a client of somebody else: an assertion signed with a key of its own JWK Set, so that no secret of an issuer is
// kept anywhere (RFC 7523 §2.2 and §3, with its update 7523bis). Pure but for the capabilities.
import { answerAlgorithm } from '../../policy/key-purposes.ts';
import type { SigningKey } from '../jose/keyring.ts';
import { type SigningCapabilities, signFor, signingInput } from '../jose/signed-jwt.ts';

/** Seconds the other side has to take it. */
const lifetime = 60;

export interface ClientAssertion {
  /** Client id of Cambio at the other side. */
  readonly client: string;
  /** Issuer identifier of the other side. */
  readonly audience: string;
  readonly jti: string;
  /** Seconds since the epoch. */
  readonly now: number;
}

/**
 * The form parameters that authenticate as `client`.
 * @throws Refused `unavailable`
 */
export async function assertClient(
  { client, audience, jti, now }: ClientAssertion,
  capabilities: SigningCapabilities,
): Promise<Readonly<Record<string, string>>> {
  const claims = { iss: client, sub: client, aud: audience, jti, iat: now, exp: now + lifetime };
  const inputOf = (key: SigningKey) => signingInput('client-authentication+jwt', claims, key);
  const assertion = await signFor({ use: 'answer', alg: answerAlgorithm }, inputOf, capabilities);
  return {
    client_id: client,
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: assertion,
  };
}
