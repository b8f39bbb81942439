// Role sessions by AWS STS: one call each, by our own role or by a web identity. What STS refuses is told apart from an STS
// that cannot be had; a refused session is never asked for again with less.
import type {
  AssumeRoleRequest,
  AssumeRoleWithWebIdentityRequest,
  AssumeRoleWithWebIdentityResponse,
} from '@aws-sdk/client-sts';
import { Refused } from '../oauth/denial.ts';
import type { AssumedRole, AssumeRole } from '../oauth/role-session/role-credentials.ts';
import type { RoleSession } from '../oauth/role-session/role-session.ts';
import { callDependency } from './dependency.ts';

/** The calls to STS. They throw an Error named as STS names what is wrong, or one of a call without an answer. */
export interface CallSts {
  readonly assumeRole: (request: AssumeRoleRequest) => Promise<AssumeRoleWithWebIdentityResponse>;
  readonly assumeRoleWithWebIdentity: (
    request: AssumeRoleWithWebIdentityRequest,
  ) => Promise<AssumeRoleWithWebIdentityResponse>;
}

/** @throws Refused `sts`, or `unavailable` also when our own credentials are at fault */
export function createAssumeRole(sts: CallSts): AssumeRole {
  return (session, webIdentity) =>
    callDependency('sts', async () => {
      const call = webIdentity === undefined ? assume(sts, session) : federate(sts, session, webIdentity);
      return assumedRole(await call.catch((error) => refuseOrThrow(error, webIdentity !== undefined)));
    });
}

function assume(sts: CallSts, session: RoleSession) {
  const { role, tags, transitive, sourceIdentity } = session;
  return sts.assumeRole({
    ...common(session),
    ...(role.externalId !== undefined && { ExternalId: role.externalId }),
    ...(tags.length > 0 && { Tags: tags.map(({ key, value }) => ({ Key: key, Value: value })) }),
    ...(transitive.length > 0 && { TransitiveTagKeys: [...transitive] }),
    ...(sourceIdentity !== undefined && { SourceIdentity: sourceIdentity }),
  });
}

/** Tags and source identity are in the token. */
function federate(sts: CallSts, session: RoleSession, token: string) {
  return sts.assumeRoleWithWebIdentity({ ...common(session), WebIdentityToken: token });
}

function common({ role, name, durationSeconds, policy, policyArns }: RoleSession) {
  return {
    RoleArn: role.arn,
    RoleSessionName: name,
    DurationSeconds: durationSeconds,
    ...(policy !== undefined && { Policy: policy }),
    ...(policyArns.length > 0 && { PolicyArns: policyArns.map((arn) => ({ arn })) }),
  };
}

function assumedRole({ Credentials, PackedPolicySize }: AssumeRoleWithWebIdentityResponse): AssumedRole {
  const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = Credentials ?? {};
  if (!AccessKeyId || !SecretAccessKey || !SessionToken || !Expiration) throw new Error('STS answered no credentials');
  return {
    credentials: {
      accessKeyId: AccessKeyId,
      secretAccessKey: SecretAccessKey,
      sessionToken: SessionToken,
      expiration: Math.floor(Expiration.getTime() / 1_000),
    },
    packedPolicySize: PackedPolicySize,
  };
}

/**
 * Answers that would be the same at every try: about the role, its trust, the session or the web identity. Errors about
 * our own credentials (`ExpiredToken`, `InvalidClientTokenId`) are not among them, nor is an identity provider that STS
 * could not reach.
 */
const refusals: ReadonlySet<string> = new Set([
  'AccessDenied',
  'MalformedPolicyDocument',
  'PackedPolicyTooLarge',
  'ValidationError',
  'InvalidParameterValue',
  'InvalidParameterCombination',
  'RegionDisabled',
  'IDPRejectedClaim',
  'InvalidIdentityToken',
]);

function refuseOrThrow(error: unknown, isFederated: boolean): never {
  const code = error instanceof Error ? error.name.replace(/Exception$/, '') : '';
  if (isKeyMissed(code, error)) throw error;
  // Expired is our own session, which the runtime renews; or the web identity, and then a clock is wrong.
  if (!refusals.has(code) && !(isFederated && code === 'ExpiredToken')) throw error;
  // Not as the cause: its message may quote the request, and with it the claims of a token.
  throw new Refused({ kind: 'sts', code, detail: detailOf(code, error) });
}

/** STS waits some seconds for an issuer's keys, and has for their absence the code of a token that is bad. */
function isKeyMissed(code: string, error: unknown): boolean {
  return code === 'InvalidIdentityToken' && error instanceof Error && /retrieve verification key/.test(error.message);
}

/** What STS said, where that is about principals, sizes and durations and never about a value of the request. */
function detailOf(code: string, error: unknown): string | undefined {
  const message = error instanceof Error ? error.message : '';
  const isSafe = code === 'AccessDenied' || code === 'PackedPolicyTooLarge' || /DurationSeconds/.test(message);
  return isSafe ? message.slice(0, 300) : undefined;
}
