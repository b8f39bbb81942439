// What the rules of a policy do with its roles, and so which rights at STS they need. Pure.
import type { CompiledPolicy, PolicyRule, Role } from './compiled-policy.ts';

/** A role that some rule grants. */
export interface RoleUse<Value = string> {
  readonly role: Role<Value>;
  readonly tags: boolean;
  readonly sourceIdentity: boolean;
}

export function roleUses<Value>({
  roles,
  rules,
}: Pick<CompiledPolicy<Value>, 'roles' | 'rules'>): readonly RoleUse<Value>[] {
  return Object.values(roles).flatMap((role) => {
    const grants = rules.flatMap((rule) => grantOf(rule, role.name));
    if (grants.length === 0) return [];
    const tags = role.revocable === true || grants.some((grant) => grant.tags.length > 0);
    return [{ role, tags, sourceIdentity: grants.some((grant) => grant.sourceIdentity !== undefined) }];
  });
}

function grantOf(rule: PolicyRule, role: string) {
  return 'grant' in rule && 'role' in rule.grant && rule.grant.role === role ? [rule.grant] : [];
}
