// A verified token's claims as policy sees them. Pure.
import { writtenForms } from '../../policy/audience-forms.ts';
import type { Claims } from '../../policy/claims.ts';
import type { CompiledPolicy } from '../../policy/compiled-policy.ts';
import { isJsonObject } from '../../policy/json.ts';
import { ownIssuer, tenantOf } from '../../policy/tenant.ts';
import { audiencesOf, selfName } from './self-issuer.ts';
import type { VerifiedToken } from './verify-token.ts';

/**
 * The claims without the inner levels of `act`: who acted earlier is history and grants nothing (RFC 8693 §4.1). `aud` is
 * always a list; in our own tokens it has both forms of the audience, its name and its resource.
 */
export function policyClaims({ issuer, claims, registered }: VerifiedToken, policy: CompiledPolicy): Claims {
  const { act } = claims;
  const outermost = isJsonObject(act) ? { act: withoutAct(act) } : {};
  if (issuer.name !== selfName) return { ...claims, ...outermost, aud: registered.aud };
  return { ...claims, ...outermost, aud: audiencesOf({ registered }, policy).flatMap(writtenForms) };
}

interface IssuedBy {
  readonly issuer: { readonly name: string };
  readonly claims: Claims;
}

/** The issuer that rules name: of our own tokens the tenant counts whose subject they are of. */
export function policyIssuer({ issuer, claims }: IssuedBy): string {
  return issuer.name === selfName ? ownIssuer(claims['tenant']) : issuer.name;
}

/** The tenant whose subject a token is of; `''`: the root policy's. */
export function tenantOfToken(token: IssuedBy): string {
  return tenantOf(policyIssuer(token));
}

function withoutAct(act: Claims): Claims {
  const { act: _, ...outermost } = act;
  return outermost;
}
