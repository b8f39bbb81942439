// The principals, roles and OIDC providers of the AWS account that the stack emulates. Pure.
import type { PolicyArtifact } from '../../shared/policy/compiled-policy.ts';
import { functionSecret, principalsOf } from './lambda/definitions.ts';
import type { StandIns } from './stand-ins/stand-ins.ts';
import type { AssumableRole } from './sts/assume-role.ts';
import type { IamRole } from './sts/iam-policies.ts';
import type { SignIdentity } from './sts/outbound-identity.ts';
import {
  localIamRoles,
  localOidcProviders,
  localRevocationRoles,
  localRoles,
  type Revoking,
} from './sts/policy-roles.ts';
import type { OidcProvider } from './sts/web-identity.ts';
import type { Deployment } from './template/deployment.ts';
import { deployer } from './template/provision.ts';
import { asString } from './template/stack-template.ts';

export interface Account {
  /** ARN of the role that signs with an access key. */
  readonly principalOf: (accessKeyId: string) => string | undefined;
  /** Secret of such a key. */
  readonly secretOf: (accessKeyId: string) => string | undefined;
  /** Roles that may be assumed. */
  readonly roles: readonly AssumableRole[];
  /** Roles that policies are written into. */
  readonly iamRoles: readonly IamRole[];
  readonly oidcProviders: readonly OidcProvider[];
  /** Signs tokens of the account's identities, where the policy trusts them. */
  readonly signIdentity: SignIdentity;
}

export interface AccountOptions {
  readonly policy: PolicyArtifact;
  readonly deployment: Deployment;
  readonly issuer: string;
  readonly tokenOf: StandIns['tokenOf'];
}

/** @throws TemplateError for a template without the role that exchanges tokens */
export function accountOf({ policy, deployment, issuer, tokenOf }: AccountOptions): Account {
  const { template, resolve } = deployment;
  const principals = new Map([
    [deployer.accessKeyId as string, deployer.arn as string],
    ...principalsOf(template, resolve),
  ]);
  const tokenRole = asString(resolve(template.Outputs?.TokenRole?.Value), 'TokenRole');
  const revoking = revokingOf(deployment);
  const own = Object.values(policy.issuers).find(({ profile }) => profile === 'aws');
  return {
    principalOf: (accessKeyId) => principals.get(accessKeyId),
    secretOf: (accessKeyId) => {
      if (accessKeyId === deployer.accessKeyId) return deployer.secretAccessKey;
      return principals.has(accessKeyId) ? functionSecret : undefined;
    },
    roles: [...localRoles(policy, { issuer, tokenRole }), ...localRevocationRoles(policy, revoking)],
    iamRoles: localIamRoles(policy, revoking),
    oidcProviders: localOidcProviders({ issuer, tokenRole }),
    signIdentity: async (claims) => own && tokenOf(own.name, claims),
  };
}

/** The template has these outputs only where the policy has revocable roles. */
function revokingOf({ template, resolve }: Deployment): Revoking {
  const { SessionBoundary, RevocationsRole } = template.Outputs ?? {};
  const textOf = (output: typeof SessionBoundary, name: string): string =>
    output === undefined ? '' : asString(resolve(output.Value), name);
  return {
    boundary: textOf(SessionBoundary, 'SessionBoundary'),
    writer: textOf(RevocationsRole, 'RevocationsRole'),
  };
}
