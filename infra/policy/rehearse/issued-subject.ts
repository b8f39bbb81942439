// `sub` as the server issues it, of a token's claims. Pure.
import type { PolicyArtifact } from '../../../shared/policy/compiled-policy.ts';
import type { Presented } from '../../../shared/policy/question.ts';
import { fillSubject } from '../../../shared/policy/template.ts';
import { isOwnIssuer } from '../../../shared/policy/tenant.ts';

/** undefined where the issuer's template cannot be filled: the server refuses such a token. */
export function issuedSubject({ issuer, claims }: Presented, { issuers }: PolicyArtifact): string | undefined {
  const { sub } = claims;
  if (typeof sub !== 'string') return undefined;
  if (isOwnIssuer(issuer)) return sub;
  const template = issuers[issuer]?.subject;
  if (!template) return `${issuer}|${sub}`;
  const filled = fillSubject(template, claims);
  return filled?.includes('|') ? undefined : filled;
}
