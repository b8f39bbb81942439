// A session of an AWS role, complete as STS is asked for it: who it is for, what it carries, how long it lives. Pure.
import { createHash } from 'node:crypto';
import type { AllowRule, CompiledPolicy, Role, RoleGrant } from '../../policy/compiled-policy.ts';
import { revocationTags } from '../../policy/revocation-tags.ts';
import { type FilledGrant, fillRoleGrant } from '../../policy/role-grant.ts';
import type { SessionTag } from '../../policy/session-tags.ts';
import { Refused } from '../denial.ts';
import { chainOf, originOf } from '../revocation/lineage.ts';
import { type RevocableBy, revocableBy } from '../revocation/revocation.ts';
import { issuedSubject } from '../verify/delegation.ts';
import { selfName } from '../verify/self-issuer.ts';
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
  /** Of the policy: sessions of those that push events carry what events name. */
  readonly issuers?: CompiledPolicy['issuers'] | undefined;
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

/**
 * What a session is for, as revocations name it. One made of a foreign token is the first of its family, and its decision's id
 * is the name of that; one made of a token of ours has an id of its own beside the family's.
 */
function reservedTags({ subject, decisionId, issuers }: RoleGranted): readonly SessionTag[] {
  // Of the same kind the subject's own come first, then those of who took part.
  const parts = revocableBy(subject);
  const first = (by: RevocableBy['by']): string | undefined => parts.find((part) => part.by === by)?.value;
  const { iss, run } = subject.issuer.name === selfName ? chainOf(subject).origin : originOf(subject);
  const family = first('family');
  return revocationTags({
    subject: issuedSubject(subject),
    run: run === undefined ? undefined : `${iss}|${run}`,
    family: family ?? decisionId,
    jti: family === undefined ? undefined : decisionId,
    origin: issuers?.[iss]?.events ? first('origin') : undefined,
  });
}

/** @param left seconds the subject token still lives: a session outlives it only as far as STS makes it */
function duration({ via }: Role, { grant, outlive }: RoleGranted['rule'], left: number): number {
  const bound = outlive ? grant.ttl : Math.min(grant.ttl, Math.max(shortest, Math.floor(left)));
  return Math.max(shortest, Math.min(bound, via === 'assume-role' ? longestChained : longest));
}

const legal = /^[A-Za-z0-9_+=,.@-]{2,64}$/;
const marked = /=[A-Za-z0-9_-]{16}$/;
const readableLength = 47;

/**
 * The name of a session or a source identity: readable, and never the same for two texts. The text itself where STS takes it; else what is left of it, `=`, and 96 bits of its SHA-256 as base64url. A text that
 * already ends like that is hashed too: else somebody could be named as another's hash says.
 * @returns 2 to 64 characters of `A–Z a–z 0–9 _ + = , . @ -`
 */
export function sessionName(text: string): string {
  if (legal.test(text) && !marked.test(text)) return text;
  const readable = text.replace(/[^A-Za-z0-9_+=,.@-]+/g, '-').slice(0, readableLength);
  return `${readable}=${createHash('sha256').update(text).digest('base64url').slice(0, 16)}`;
}
