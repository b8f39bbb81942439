// Role sessions the local STS has issued, and who holds which access key. In memory only.

import { createHash, randomBytes } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { AwsError } from '../protocol/aws-error.ts';
import type { PrincipalOf } from '../protocol/calls.ts';

export interface SessionTag {
  readonly key: string;
  readonly value: string;
}

/** An assumed role. */
export interface RoleSession {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly roleArn: string;
  /** Of the session: `arn:aws:sts::…:assumed-role/ROLE/SESSION`. */
  readonly arn: string;
  /** `AROA…:SESSION`. */
  readonly assumedRoleId: string;
  /** Milliseconds. */
  readonly expiresAt: number;
  /** Transitive tags with their lower-case keys, which the next session of a chain inherits. */
  readonly transitiveTags: ReadonlyMap<string, SessionTag>;
  readonly sourceIdentity?: string;
}

export interface Sessions {
  readonly add: (session: RoleSession) => void;
  readonly find: (accessKeyId: string) => RoleSession | undefined;
  /** Issued sessions first, then whom the caller of the emulator knows. */
  readonly principalOf: PrincipalOf;
}

export function openSessions(principalOf: PrincipalOf): Sessions {
  const sessions = new Map<string, RoleSession>();
  return {
    add: (session) => sessions.set(session.accessKeyId, session),
    find: (accessKeyId) => sessions.get(accessKeyId),
    principalOf: (accessKeyId) => sessions.get(accessKeyId)?.arn ?? principalOf(accessKeyId),
  };
}

/**
 * Refuses a session's access key without its own token, or after its time.
 * @throws AwsError InvalidClientTokenId, ExpiredToken
 */
export function checkSessionToken(session: RoleSession, headers: IncomingHttpHeaders, at: number): void {
  if (headers['x-amz-security-token'] !== session.sessionToken) {
    throw new AwsError('InvalidClientTokenId', 'The security token included in the request is invalid.', 403);
  }
  if (session.expiresAt <= at) {
    throw new AwsError('ExpiredToken', 'The security token included in the request is expired', 403);
  }
}

const roleArnPattern = /^arn:aws:iam::(\d{12}):role\/(?:[\x21-\x7e]{1,510}\/)?([\w+=,.@-]{1,64})$/;

/** Account and name of a role, without its path; undefined when this is no role's ARN. */
export function splitRoleArn(arn: string): { readonly accountId: string; readonly name: string } | undefined {
  const [, accountId, name] = roleArnPattern.exec(arn) ?? [];
  return accountId === undefined || name === undefined ? undefined : { accountId, name };
}

/** ARN and id of a session of the role. */
export function sessionIdentity(roleArn: string, sessionName: string): { readonly arn: string; readonly id: string } {
  const { accountId = '', name = '' } = splitRoleArn(roleArn) ?? {};
  return {
    arn: `arn:aws:sts::${accountId}:assumed-role/${name}/${sessionName}`,
    id: `${uniqueId('AROA', `${accountId}/${name}`)}:${sessionName}`,
  };
}

/** The part of a credential set that is drawn at random. `minimumTokenSize` is in bytes. */
export function drawCredentials(
  minimumTokenSize: number,
): Pick<RoleSession, 'accessKeyId' | 'secretAccessKey' | 'sessionToken'> {
  return {
    accessKeyId: `ASIA${base32(randomBytes(16))}`,
    secretAccessKey: randomBytes(30).toString('base64'),
    sessionToken: randomBytes(Math.max(300, Math.ceil((minimumTokenSize * 3) / 12) * 3)).toString('base64'),
  };
}

/** `UserId` of a principal: sessions of known roles have their role's id. */
export function userIdOf(principal: string): string {
  const [, , , accountId = '', resource = ''] = splitArn(principal);
  const [kind, name = '', session] = resource.split('/');
  if (kind === 'assumed-role') return `${uniqueId('AROA', `${accountId}/${name}`)}:${session}`;
  return kind === 'root' ? accountId : uniqueId('AIDA', principal);
}

/** `arn`, partition, service, account, resource. The region is dropped. */
export function splitArn(arn: string): readonly string[] {
  const [prefix = '', partition = '', service = '', , account = '', ...resource] = arn.split(':');
  return [prefix, partition, service, account, resource.join(':')];
}

/** Stable, so that a role keeps its id. 21 characters, as IAM's are. */
function uniqueId(prefix: string, of: string): string {
  return `${prefix}${base32(createHash('sha256').update(of).digest().subarray(0, 17))}`;
}

/** One character of the base32 alphabet a byte. */
function base32(bytes: Buffer): string {
  return Array.from(bytes, (byte) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.charAt(byte & 31)).join('');
}
