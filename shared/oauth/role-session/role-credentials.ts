// What STS gives for a role session, and the two forms callers get it in. Holds secrets: for answers alone. Pure.
import { parseRoleArn } from '../../policy/role-arn.ts';
import type { RoleSession } from './role-session.ts';

/** Secrets, except for the expiry. */
export interface RoleCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  /** Epoch seconds. */
  readonly expiration: number;
}

export interface AssumedRole {
  readonly credentials: RoleCredentials;
  /** Percent of the space STS has for tags and policies; absent when there were none. */
  readonly packedPolicySize: number | undefined;
}

/**
 * Makes a session at STS; `webIdentity` is our token for a role `via: web-identity`.
 * Throws Refused `sts` when STS refuses it, `unavailable` when it cannot be had.
 */
export type AssumeRole = (session: RoleSession, webIdentity: string | undefined) => Promise<AssumedRole>;

/**
 * The document of the SDKs' `credential_process`.
 * @see [Sourcing credentials with an external process](https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html)
 */
export function processDocument({ accessKeyId, secretAccessKey, sessionToken, expiration }: RoleCredentials): string {
  return JSON.stringify({
    Version: 1,
    AccessKeyId: accessKeyId,
    SecretAccessKey: secretAccessKey,
    SessionToken: sessionToken,
    Expiration: timestamp(expiration),
  });
}

/**
 * The document of the SDKs' container credential provider, made of that of `credential_process`.
 * @see [Container credential provider](https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html)
 */
export function containerDocument(document: string, roleArn: string): Readonly<Record<string, unknown>> {
  const { AccessKeyId, SecretAccessKey, SessionToken: Token, Expiration } = JSON.parse(document);
  const AccountId = parseRoleArn(roleArn)?.accountId;
  return { AccessKeyId, SecretAccessKey, Token, Expiration, AccountId, RoleArn: roleArn };
}

/** ISO 8601 without fractions, which some SDKs do not read. */
function timestamp(seconds: number): string {
  return new Date(seconds * 1_000).toISOString().replace(/\.\d+Z$/, 'Z');
}
