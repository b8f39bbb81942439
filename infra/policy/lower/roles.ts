// A role of a checked policy, and a grant of one, as the functions read them. Pure.
import type { Role, RoleGrant, SessionTagTemplate, ValueHole } from '../../../shared/policy/compiled-policy.ts';
import { tenantOf } from '../../../shared/policy/tenant.ts';
import type { Catalogue } from '../claims/catalogue.ts';
import { roleTtl } from '../schema/defaults.ts';
import { parseDuration } from '../schema/duration.ts';
import type { Entry } from '../schema/merge.ts';
import type { RoleEntry, RuleEntry } from '../schema/schema.ts';
import { lowerSessionPolicy } from '../schema/session-policy-text.ts';
import { lowerTemplate, typed } from './template.ts';

export type CompiledRole = Role<string | ValueHole>;

type GrantEntry = NonNullable<RuleEntry['grant']>;

export function lowerRole({ name, value }: Entry<RoleEntry>, arn: string | ValueHole): CompiledRole {
  const { via = 'assume-role', revocable } = value;
  const externalId = value.externalId ?? (via === 'assume-role' ? tenantId(name) : undefined);
  return {
    name,
    arn,
    ...(externalId !== undefined && { externalId }),
    via,
    ...roleTtl(value),
    ...(revocable && { revocable }),
  };
}

/** So that a role of one account that trusts us is not another tenant's to name (the confused deputy). */
function tenantId(role: string): string | undefined {
  const tenant = tenantOf(role);
  return tenant === '' ? undefined : `tenant:${tenant}`;
}

/**
 * @param role the entry of the role it grants
 * @param catalogue of the tokens it is granted to
 */
export function lowerRoleGrant(grant: GrantEntry, role: RoleEntry, catalogue: Catalogue): RoleGrant {
  const { ttl, tags = {}, transitive = [], sourceIdentity, sessionPolicy, policyArns = [] } = grant;
  return {
    role: grant.role ?? '',
    ttl: ttl === undefined ? roleTtl(role).ttl : parseDuration(ttl),
    tags: Object.entries(tags).map(([key, tag]) => lowerTag(key, tag, catalogue)),
    transitive,
    ...(sourceIdentity !== undefined && { sourceIdentity: lowerTemplate(sourceIdentity, catalogue) }),
    ...(sessionPolicy !== undefined && { sessionPolicy: typed(lowerSessionPolicy(sessionPolicy), catalogue) }),
    policyArns,
  };
}

function lowerTag(key: string, tag: NonNullable<GrantEntry['tags']>[string], catalogue: Catalogue): SessionTagTemplate {
  const { value, required = true, sanitize = false } = typeof tag === 'string' ? { value: tag } : tag;
  return { key, value: lowerTemplate(value, catalogue), required, sanitize };
}
