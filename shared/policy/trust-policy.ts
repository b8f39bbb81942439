// What an account needs for a role of the policy: its trust policy and, for web identities, the OIDC provider. Pure.
import { parseRoleArn } from './role-arn.ts';
import type { RoleUse } from './role-uses.ts';

/** `aud` of the tokens by which Cambio presents itself to STS. */
const stsAudience = 'sts.amazonaws.com';

export interface TrustStatement {
  readonly Effect: 'Allow';
  readonly Principal: { readonly AWS: string } | { readonly Federated: string };
  readonly Action: readonly string[];
  readonly Condition?: { readonly StringEquals: Readonly<Record<string, string>> };
}

/** The document a role's `AssumeRolePolicyDocument` is. */
export interface TrustPolicy {
  readonly Version: '2012-10-17';
  readonly Statement: readonly TrustStatement[];
}

/** Who will ask STS for the session. */
export interface TrustedServer {
  /** An origin without a path. */
  readonly issuer: string;
  /** ARN of the token function's role. */
  readonly tokenRole: string;
}

/** The trust policy that lets this deployment make the role's sessions, and nobody else. */
export function trustPolicy(use: RoleUse, server: TrustedServer): TrustPolicy {
  const statements = use.role.via === 'web-identity' ? federated(use, server) : assumed(use, server);
  return { Version: '2012-10-17', Statement: statements };
}

/** The OIDC provider that the role's account needs for a role `via: web-identity`, as `CreateOpenIDConnectProvider` takes it. */
export function oidcProvider({ issuer }: Pick<TrustedServer, 'issuer'>) {
  return { Url: issuer, ClientIDList: [stsAudience] };
}

// The external id is a condition of AssumeRole, without which the others allow nothing.
function assumed({ role, ...use }: RoleUse, { tokenRole }: TrustedServer): readonly TrustStatement[] {
  const statement = { Effect: 'Allow', Principal: { AWS: tokenRole } } as const;
  const { externalId } = role;
  const condition = externalId === undefined ? {} : { Condition: { StringEquals: { 'sts:ExternalId': externalId } } };
  const further = furtherActions(use);
  return [
    { ...statement, Action: ['sts:AssumeRole'], ...condition },
    ...(further.length > 0 ? [{ ...statement, Action: further }] : []),
  ];
}

/** `sub` names the role: a token for another one does not pass. */
function federated({ role, ...use }: RoleUse, { issuer }: TrustedServer): readonly TrustStatement[] {
  const { partition = 'aws', accountId = '' } = parseRoleArn(role.arn) ?? {};
  const provider = issuer.replace(/^https?:\/\//, '');
  return [
    {
      Effect: 'Allow',
      Principal: { Federated: `arn:${partition}:iam::${accountId}:oidc-provider/${provider}` },
      Action: ['sts:AssumeRoleWithWebIdentity', ...furtherActions(use)],
      Condition: { StringEquals: { [`${provider}:aud`]: stsAudience, [`${provider}:sub`]: `role:${role.name}` } },
    },
  ];
}

function furtherActions({ tags, sourceIdentity }: Omit<RoleUse, 'role'>): readonly string[] {
  return [...(tags ? ['sts:TagSession'] : []), ...(sourceIdentity ? ['sts:SetSourceIdentity'] : [])];
}
