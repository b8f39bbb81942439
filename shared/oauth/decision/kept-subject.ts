// A subject as Cambio keeps it: itself, or its hash where it is made of claims that its issuer calls private. The token and
// STS get it as it is. Pure.
import { type Claims, claimAt } from '../../policy/claims.ts';
import { hasPrivateSubject } from '../../policy/private-claims.ts';
import { type ClaimCatalogue, hashClaim } from '../../policy/recorded-claims.ts';
import { selfName } from '../verify/self-issuer.ts';

/** A token whose signature verified. */
export interface KeptToken {
  readonly issuer: ClaimCatalogue;
  readonly claims: Claims;
}

/** Whether the issued subject of a token shows what its issuer, or that of the token it comes from, calls private. */
export function hidesSubject({ issuer, claims }: KeptToken): boolean {
  if (issuer.name !== selfName) return hasPrivateSubject(issuer);
  const origin = claimAt(claims, 'lineage.origin.iss');
  // Of an issuer that the policy has no longer nobody knows what it called private.
  const open: readonly unknown[] | undefined = issuer.openSubjects;
  return open !== undefined && !open.includes(origin);
}

/**
 * A text made of the subject, as it is kept.
 * @param salt random, and different for each record
 */
export function keptText(text: string, { token, salt }: { readonly token: KeptToken; readonly salt: string }): string {
  return hidesSubject(token) ? `sha256:${hashClaim(text, 'sub', salt)}` : text;
}
