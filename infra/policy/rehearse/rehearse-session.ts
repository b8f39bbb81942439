// The session a grant would make of claims, its room included. Pure.

import { claimAt } from '../../../shared/policy/claims.ts';
import type { PolicyArtifact, RoleGrant } from '../../../shared/policy/compiled-policy.ts';
import type { Presented } from '../../../shared/policy/question.ts';
import { revocationTags } from '../../../shared/policy/revocation-tags.ts';
import { fillRoleGrant } from '../../../shared/policy/role-grant.ts';
import { runOf } from '../../../shared/policy/run.ts';
import type { SessionTag } from '../../../shared/policy/session-tags.ts';
import { isOwnIssuer } from '../../../shared/policy/tenant.ts';

/** Fills a grant as an exchange would. Tags of a revocable role take their room and are not shown: their values are made then. */
export function rehearseSession(grant: RoleGrant, subject: Presented, policy: PolicyArtifact) {
  const reserved = policy.roles[grant.role]?.revocable ? reservedTags(subject, policy) : [];
  const filled = fillRoleGrant(grant, subject.claims, reserved);
  if ('refused' in filled) return filled;
  return { ...filled, tags: filled.tags.filter(({ key }) => reserved.every((tag) => tag.key !== key)) };
}

/** Of one length whatever they hash. */
function reservedTags({ issuer, claims }: Presented, { issuers }: PolicyArtifact): readonly SessionTag[] {
  const run = isOwnIssuer(issuer) ? claimAt(claims, 'lineage.origin.run') : runOf(issuers[issuer]?.run, claims);
  const own = isOwnIssuer(issuer) ? { jti: '' } : {};
  const root = isOwnIssuer(issuer) ? claimAt(claims, 'lineage.origin.iss') : issuer;
  const named = issuers[String(root)]?.events ? { origin: '' } : {};
  return revocationTags({ subject: '', family: '', ...own, ...named, ...(run !== undefined && { run: '' }) });
}
