// A session of an AWS role, complete as STS is asked for it: who it is for, what it carries, how long it lives. Pure.
import type { AllowRule, Role, RoleGrant } from '../../policy/compiled-policy.ts';
import { revocationTags, revokesSessions, type SessionOwner } from '../../policy/revocation-tags.ts';
import { type FilledGrant, fillRoleGrant } from '../../policy/role-grant.ts';
import type { SessionTag } from '../../policy/session-tags.ts';
import { Refused } from '../denial.ts';
import { describeToken } from '../revocation/revocation.ts';
import { sessionName } from '../role-name.ts';
import { issuedSubject } from '../verify/delegation.ts';
import type { VerifiedToken } from '../verify/verify-token.ts';

export interface RoleSession extends FilledGrant {
  readonly role: Role;
  /** The same for every session of one subject, so that a refresh does not look like somebody else. */
  readonly name: string;
  readonly durationSeconds: number;
  readonly policyArns: readonly string[];
}

/** Times are epoch seconds. */
export interface RoleGranted {
  readonly role: Role;
  readonly rule: Pick<AllowRule<RoleGrant>, 'grant' | 'outlive'>;
  readonly subject: VerifiedToken;
  /** Of the decision that grants it. */
  readonly decisionId: string;
  readonly now: number;
}

/** STS makes no shorter session. */
const shortest = 900;
/** Our own credentials are a role's session, and a chain of sessions ends after an hour. */
const longestChained = 3_600;
const longest = 43_200;

/**
 * The session that a rule grants to a subject.
 * @throws Refused `role_session` when a part that the grant requires cannot be made of the token
 */
export function roleSession(granted: RoleGranted): RoleSession {
  const { role, rule, subject, now } = granted;
  const filled = fillRoleGrant(rule.grant, subject.claims, role.revocable ? reservedTags(granted) : []);
  if ('refused' in filled) throw new Refused({ kind: 'role_session', ...filled.refused });
  const { sourceIdentity } = filled;
  return {
    ...filled,
    sourceIdentity: sourceIdentity === undefined ? undefined : sessionName(sourceIdentity),
    role,
    name: sessionName(issuedSubject(subject)),
    durationSeconds: duration(role, rule, subject.registered.exp - now),
    policyArns: rule.grant.policyArns,
  };
}

/** A session made of a foreign token is the first of its family, and its decision's id is the name of that. */
function reservedTags({ subject, decisionId, now }: RoleGranted): readonly SessionTag[] {
  const owner: SessionOwner = Object.fromEntries(
    describeToken(subject, now).flatMap(({ by, value }) => (revokesSessions(by) ? [[by, value]] : [])),
  );
  return revocationTags({ family: decisionId, ...owner });
}

/** @param left seconds the subject token still lives: a session outlives it only as far as STS makes it */
function duration({ via }: Role, { grant, outlive }: RoleGranted['rule'], left: number): number {
  const bound = outlive ? grant.ttl : Math.min(grant.ttl, Math.max(shortest, Math.floor(left)));
  return Math.max(shortest, Math.min(bound, via === 'assume-role' ? longestChained : longest));
}
