// A role of a checked policy, and a grant of one, as the functions read them. Pure.
import type { Role, RoleGrant, SessionTagTemplate, ValueHole } from '../../../shared/policy/compiled-policy.ts';
import { roleTtl } from '../schema/defaults.ts';
import { parseDuration } from '../schema/duration.ts';
import type { Entry } from '../schema/merge.ts';
import type { RoleEntry, RuleEntry } from '../schema/schema.ts';
import { lowerSessionPolicy } from '../schema/session-policy-text.ts';
import { parseTemplate } from '../schema/template.ts';

export type CompiledRole = Role<string | ValueHole>;

type GrantEntry = NonNullable<RuleEntry['grant']>;

export function lowerRole({ name, value }: Entry<RoleEntry>, arn: string | ValueHole): CompiledRole {
  const { externalId, via = 'assume-role', revocable } = value;
  return {
    name,
    arn,
    ...(externalId !== undefined && { externalId }),
    via,
    ...roleTtl(value),
    ...(revocable && { revocable }),
  };
}

/** @param role the entry of the role it grants */
export function lowerRoleGrant(grant: GrantEntry, role: RoleEntry): RoleGrant {
  const { ttl, tags = {}, transitive = [], sourceIdentity, sessionPolicy, policyArns = [] } = grant;
  return {
    role: grant.role ?? '',
    ttl: ttl === undefined ? roleTtl(role).ttl : parseDuration(ttl),
    tags: Object.entries(tags).map(([key, tag]) => lowerTag(key, tag)),
    transitive,
    ...(sourceIdentity !== undefined && { sourceIdentity: parseTemplate(sourceIdentity) ?? [] }),
    ...(sessionPolicy !== undefined && { sessionPolicy: lowerSessionPolicy(sessionPolicy) }),
    policyArns,
  };
}

function lowerTag(key: string, tag: NonNullable<GrantEntry['tags']>[string]): SessionTagTemplate {
  const { value, required = true, sanitize = false } = typeof tag === 'string' ? { value: tag } : tag;
  return { key, value: parseTemplate(value) ?? [], required, sanitize };
}
