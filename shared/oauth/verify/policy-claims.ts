// A verified token's claims as policy sees them. Pure.
import type { Claims } from '../../policy/claims.ts';
import type { CompiledPolicy } from '../../policy/compiled-policy.ts';
import { isJsonObject } from '../../policy/json.ts';
import { audienceClaim, selfName } from './self-issuer.ts';
import type { VerifiedToken } from './verify-token.ts';

/**
 * The claims without the inner levels of `act`: who acted earlier is history and grants nothing (RFC 8693 §4.1). `aud` is
 * always a list; in our own tokens it has both forms of the audience, its name and its resource.
 */
export function policyClaims({ issuer, claims, registered }: VerifiedToken, { audiences }: CompiledPolicy): Claims {
  const { act } = claims;
  const outermost = isJsonObject(act) ? { act: withoutAct(act) } : {};
  if (issuer.name !== selfName) return { ...claims, ...outermost, aud: registered.aud };
  const named = Object.values(audiences).filter((audience) => registered.aud.includes(audienceClaim(audience)));
  const aud = named.flatMap(({ name, resource }) => (resource === undefined ? [name] : [name, resource]));
  return { ...claims, ...outermost, aud };
}

function withoutAct(act: Claims): Claims {
  const { act: _, ...outermost } = act;
  return outermost;
}
