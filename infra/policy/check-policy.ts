// Every check of a merged policy. Pure.
import { checkAudienceBinding } from './check/audience-binding.ts';
import { checkAudiences } from './check/audiences.ts';
import { checkClients } from './check/clients.ts';
import { checkConditions } from './check/conditions.ts';
import { checkDenials } from './check/denials.ts';
import { checkIssuers } from './check/issuers.ts';
import { checkJoins } from './check/joins.ts';
import { checkMatches } from './check/match.ts';
import { checkNames } from './check/names.ts';
import { checkOpenRules } from './check/open-rules.ts';
import { checkReachable } from './check/reachable.ts';
import { checkReferences } from './check/references.ts';
import { checkRoleGrants } from './check/role-grants.ts';
import { checkRoles } from './check/roles.ts';
import { checkRules } from './check/rules.ts';
import { checkSelfRules } from './check/self-rules.ts';
import { checkSessionPolicies } from './check/session-policy.ts';
import { checkSubjects } from './check/subjects.ts';
import { checkTemplates } from './check/templates.ts';
import type { MergedPolicy } from './schema/merge.ts';
import type { Diagnostic } from './source/diagnostic.ts';

const checks: readonly ((policy: MergedPolicy) => readonly Diagnostic[])[] = [
  checkNames,
  checkReferences,
  checkJoins,
  checkAudienceBinding,
  checkAudiences,
  checkRoles,
  checkRules,
  checkRoleGrants,
  checkSessionPolicies,
  checkSelfRules,
  checkSubjects,
  checkMatches,
  checkTemplates,
  checkConditions,
  checkReachable,
  checkDenials,
  checkOpenRules,
];

export function checkPolicy(policy: MergedPolicy, local: boolean): readonly Diagnostic[] {
  return [...checkIssuers(policy, local), ...checkClients(policy, local), ...checks.flatMap((check) => check(policy))];
}
