// Issues a role session: STS makes it, it is recorded, and it is answered when the record is durable (RFC 8693 §2.2.1). STS comes
// first, so that the one record says what STS made of tags and policies. Pure but for the capabilities it is given.
import type { DecisionFacts } from './decision/decision.ts';
import type { IssuedFacts } from './decision/decision-record.ts';
import type { RoleGrantedTo, VerifiedRequest } from './grant.ts';
import { type AdmittedRequest, conclude, type GrantKeeping, recordOfGrant, type TokenResponse } from './issue.ts';
import type { SigningCapabilities } from './jose/signed-jwt.ts';
import { chainOf } from './revocation/lineage.ts';
import { type AssumedRole, type AssumeRole, processDocument } from './role-session/role-credentials.ts';
import { type RoleSession, roleSession } from './role-session/role-session.ts';
import { webIdentityToken } from './role-session/web-identity.ts';
import { tokenTypes } from './token-types.ts';
import { delegate, issuedSubject } from './verify/delegation.ts';
import { selfName } from './verify/self-issuer.ts';
import type { VerifiedToken } from './verify/verify-token.ts';

interface IssueRoleCapabilities extends GrantKeeping, SigningCapabilities {
  readonly issuer: string;
  readonly assumeRole: AssumeRole;
}

type AdmittedRoleRequest = Omit<AdmittedRequest, 'granted'> & { readonly granted: RoleGrantedTo };

/**
 * Issues AWS credentials. They are kept nowhere: an identical request gets a new session of the same name.
 * @throws Refused
 */
export async function issueRole(
  admitted: AdmittedRoleRequest,
  capabilities: IssueRoleCapabilities,
  decision: DecisionFacts,
): Promise<TokenResponse> {
  const { parties, granted, now, purpose } = admitted;
  // Nothing of the chain goes into a session, but one that is too long is refused for every target.
  delegate(parties.subject, parties.actor, granted.rule.maxDepth);
  const session = roleSession({
    ...granted,
    subject: parties.subject,
    decisionId: purpose.jti,
    issuers: capabilities.policy.issuers,
    now,
  });
  const assumed = await decision.watch('mint')(assume(session, now, capabilities));
  const issued = issuedFacts(admitted, session, assumed);
  const written = recordOfGrant(admitted, { issued, decision }, capabilities);
  await decision.watch('record')(capabilities.recordDecision(written));
  conclude(decision, issued, written);
  return credentialsResponse(assumed, session, now);
}

async function assume(session: RoleSession, now: number, capabilities: IssueRoleCapabilities): Promise<AssumedRole> {
  const isWebIdentity = session.role.via === 'web-identity';
  return capabilities.assumeRole(
    session,
    isWebIdentity ? await webIdentityToken(session, now, capabilities) : undefined,
  );
}

/** Keys of tags, never their values: those are claims, which may be private. */
function issuedFacts(
  { caller, parties: { subject } }: Pick<VerifiedRequest, 'caller' | 'parties'>,
  { role, name, durationSeconds, tags, dropped }: RoleSession,
  { credentials, packedPolicySize }: AssumedRole,
): IssuedFacts {
  return {
    exp: credentials.expiration,
    sub: issuedSubject(subject),
    clientId: caller?.client.name ?? subject.issuer.name,
    audience: role.name,
    scope: undefined,
    family: familyOf(subject),
    session: { roleArn: role.arn, name, durationSeconds, tags: tags.map(({ key }) => key), dropped, packedPolicySize },
  };
}

/** A session made of a token of ours is of that token's tree. */
function familyOf(subject: VerifiedToken): string | undefined {
  return subject.issuer.name === selfName ? chainOf(subject).tokens[0]?.jti : undefined;
}

/** STS counts from when it was asked, which is a little later than ours. */
function credentialsResponse(
  { credentials }: AssumedRole,
  { durationSeconds }: RoleSession,
  now: number,
): TokenResponse {
  return {
    access_token: processDocument(credentials),
    issued_token_type: tokenTypes.awsCredentials,
    token_type: 'N_A',
    expires_in: Math.min(durationSeconds, Math.max(0, credentials.expiration - now)),
  };
}
