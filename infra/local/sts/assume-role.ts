// AssumeRole: who may assume which role, for how long, and what a chain of sessions hands on. Pure but for the sessions.

import { AwsError } from '../protocol/aws-error.ts';
import type { Xml } from '../protocol/xml.ts';
import { checkPolicies, type PolicyInput, packedPolicySize, transitiveTags } from './session-policy.ts';
import {
  drawCredentials,
  type RoleSession,
  type Sessions,
  sessionIdentity,
  splitArn,
  splitRoleArn,
} from './sessions.ts';

export type StsAction = 'sts:AssumeRole' | 'sts:AssumeRoleWithWebIdentity' | 'sts:TagSession' | 'sts:SetSourceIdentity';

/** A role that exists, and its trust policy in short. */
export interface AssumableRole {
  readonly arn: string;
  /** Principals: an ARN (a role's stands for its sessions), `arn:aws:iam::ACCOUNT:root` for a whole account, or `*`. */
  readonly trusts: readonly string[];
  readonly externalId?: string;
  /** Seconds, 3600 to 43200; default 3600. */
  readonly maxSessionDuration?: number;
  /** What the trust policy allows; default all. */
  readonly allows?: readonly StsAction[];
  /** Web identities it trusts: their issuer and subject. */
  readonly federation?: { readonly issuer: string; readonly subject: string };
}

export interface AssumeRoleInput extends PolicyInput {
  readonly RoleSessionName: string;
  readonly DurationSeconds?: number;
  readonly ExternalId?: string;
  readonly SourceIdentity?: string;
  readonly SerialNumber?: string;
  readonly TokenCode?: string;
  readonly ProvidedContexts?: readonly unknown[];
  readonly MinimumSessionTokenSize?: number;
}

export interface StsCaller {
  readonly principal: string;
  /** Present when this STS issued the caller's credentials. */
  readonly session?: RoleSession | undefined;
}

export interface AssumeRoleWorld {
  readonly caller: StsCaller;
  readonly roles: readonly AssumableRole[];
  readonly sessions: Sessions;
  /** Milliseconds. */
  readonly at: number;
}

const chainedSeconds = 3600;

/** @throws AwsError as AWS answers, in the order: input, role and trust, duration, tags and policies */
export function assumeRole(world: AssumeRoleWorld, input: AssumeRoleInput): Xml {
  checkArguments(input);
  const role = trustingRole(world, input);
  const seconds = sessionSeconds(world.caller, role, input.DurationSeconds);
  return openSession(world, input, { role, seconds, caller: world.caller.session });
}

interface Assumption {
  readonly role: AssumableRole;
  readonly seconds: number;
  /** The session of whoever asks, whose transitive tags and source identity go on. */
  readonly caller: RoleSession | undefined;
}

/** @throws AwsError for tags and policies */
export function openSession(
  { sessions, at }: Pick<AssumeRoleWorld, 'sessions' | 'at'>,
  input: AssumeRoleInput,
  { role, seconds, caller }: Assumption,
): Xml {
  checkPolicies(input);
  const tags = transitiveTags(input, caller?.transitiveTags ?? new Map());
  const packed = packedPolicySize(input);
  const sourceIdentity = input.SourceIdentity ?? caller?.sourceIdentity;
  const { arn, id } = sessionIdentity(role.arn, input.RoleSessionName);
  const session: RoleSession = {
    ...drawCredentials(input.MinimumSessionTokenSize ?? 0),
    roleArn: role.arn,
    arn,
    assumedRoleId: id,
    expiresAt: Math.floor(at / 1000 + seconds) * 1000,
    transitiveTags: tags,
    ...(sourceIdentity === undefined ? {} : { sourceIdentity }),
  };
  sessions.add(session);
  return result(session, packed);
}

/** The IAM actions of a request: tags, own or inherited, and a source identity need permissions of their own. */
export function assumeRoleActions({ session }: StsCaller, input: Partial<AssumeRoleInput>): readonly StsAction[] {
  const tagsSession = Array.isArray(input.Tags) && input.Tags.length > 0;
  const inheritsTags = session !== undefined && session.transitiveTags.size > 0;
  const setsIdentity = input.SourceIdentity !== undefined || session?.sourceIdentity !== undefined;
  return [
    'sts:AssumeRole',
    ...(tagsSession || inheritsTags ? (['sts:TagSession'] as const) : []),
    ...(setsIdentity ? (['sts:SetSourceIdentity'] as const) : []),
  ];
}

function checkArguments({ RoleArn, SourceIdentity, SerialNumber, TokenCode, ProvidedContexts }: AssumeRoleInput): void {
  if (splitRoleArn(RoleArn) === undefined) throw validationError('Request ARN is invalid');
  if (SourceIdentity?.toLowerCase().startsWith('aws:'))
    throw validationError('SourceIdentity must not begin with aws:');
  if (ProvidedContexts !== undefined) throw validationError('The local STS knows no context providers');
  if (SerialNumber !== undefined || TokenCode !== undefined) {
    throw accessDenied('MultiFactorAuthentication failed: the local STS knows no devices.');
  }
}

function trustingRole({ caller, roles }: AssumeRoleWorld, input: AssumeRoleInput): AssumableRole {
  if (caller.principal.endsWith(':root')) throw accessDenied('Roles may not be assumed by root accounts.');
  const role = roles.find(({ arn }) => arn === input.RoleArn);
  const allowed: readonly string[] = role?.allows ?? assumeRoleActions(caller, input);
  const isTrusted = role?.trusts.some((trusted) => includesPrincipal(trusted, caller)) ?? false;
  const hasExternalId = role?.externalId === undefined || role.externalId === input.ExternalId;
  const refused = assumeRoleActions(caller, input).find((action) => !allowed.includes(action));
  if (role === undefined || !isTrusted || !hasExternalId) throw notAuthorized(caller, 'sts:AssumeRole', input.RoleArn);
  if (refused !== undefined) throw notAuthorized(caller, refused, input.RoleArn);
  const identity = caller.session?.sourceIdentity;
  if (identity !== undefined && (input.SourceIdentity ?? identity) !== identity) {
    throw notAuthorized(caller, 'sts:SetSourceIdentity', input.RoleArn);
  }
  return role;
}

/** A role's ARN in a trust policy means the role's sessions, whose own ARN has no path. */
function includesPrincipal(trusted: string, { principal, session }: StsCaller): boolean {
  if (trusted === '*' || trusted === principal) return true;
  const [, , , account, resource = ''] = splitArn(principal);
  if (trusted === `arn:aws:iam::${account}:root`) return true;
  if (session !== undefined) return trusted === session.roleArn;
  const role = splitRoleArn(trusted);
  return role !== undefined && role.accountId === account && resource.startsWith(`assumed-role/${role.name}/`);
}

function sessionSeconds(caller: StsCaller, role: AssumableRole, wanted = 3600): number {
  const isChained = caller.session !== undefined || /:(?:assumed-)?role\//.test(caller.principal);
  if (isChained && wanted > chainedSeconds) {
    throw validationError(
      'The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining',
    );
  }
  return withinMaximum(role, wanted);
}

/** @throws AwsError ValidationError */
export function withinMaximum(role: AssumableRole, wanted = 3600): number {
  if (wanted <= (role.maxSessionDuration ?? 3600)) return wanted;
  throw validationError('The requested DurationSeconds exceeds the MaxSessionDuration set for this role.');
}

function result(session: RoleSession, packedPolicySize: number): Xml {
  return {
    Credentials: {
      AccessKeyId: session.accessKeyId,
      SecretAccessKey: session.secretAccessKey,
      SessionToken: session.sessionToken,
      Expiration: new Date(session.expiresAt).toISOString().replace('.000Z', 'Z'),
    },
    AssumedRoleUser: { AssumedRoleId: session.assumedRoleId, Arn: session.arn },
    PackedPolicySize: packedPolicySize > 0 ? packedPolicySize : undefined,
    SourceIdentity: session.sourceIdentity,
  };
}

function notAuthorized({ principal }: StsCaller, action: StsAction, resource: string): AwsError {
  return accessDenied(`User: ${principal} is not authorized to perform: ${action} on resource: ${resource}`);
}

function accessDenied(message: string): AwsError {
  return new AwsError('AccessDenied', message, 403);
}

function validationError(message: string): AwsError {
  return new AwsError('ValidationError', message);
}
