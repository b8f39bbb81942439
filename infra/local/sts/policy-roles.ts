// The roles of the served policy as they exist in the local STS: each with the trust policy that its account would be given,
// and the issuer as OIDC provider. Pure.
import type { PolicyArtifact } from '../../../shared/policy/compiled-policy.ts';
import { parseRoleArn } from '../../../shared/policy/role-arn.ts';
import { roleUses } from '../../../shared/policy/role-uses.ts';
import { boundaryIn, revocableRoles, revocationsRoleIn } from '../../../shared/policy/session-revocation.ts';
import {
  oidcProvider,
  type TrustedServer,
  type TrustPolicy,
  type TrustStatement,
  trustPolicy,
} from '../../../shared/policy/trust-policy.ts';
import { accountId } from '../template/deployment.ts';
import type { AssumableRole, StsAction } from './assume-role.ts';
import type { IamRole } from './iam-policies.ts';
import type { OidcProvider } from './web-identity.ts';

/** What the deployment has where roles are revocable: ARNs of its boundary and of the role that writes policies. */
export interface Revoking {
  readonly boundary: string;
  readonly writer: string;
}

/** What the local STS has to know; every role lasts as long as IAM lets it. */
export function localRoles(policy: PolicyArtifact, server: TrustedServer): readonly AssumableRole[] {
  return roleUses(policy).flatMap(({ role, ...use }) => {
    const { arn } = role;
    // Nothing is known only at deploy here.
    if (typeof arn !== 'string') return [];
    const trust = trustPolicy({ ...use, role: { ...role, arn } }, server);
    return [{ arn, maxSessionDuration: 43_200, ...trustOf(trust, server) }];
  });
}

/** Where sessions can be revoked: the revocable roles with the boundary their account has for them. */
export function localIamRoles(policy: PolicyArtifact, { boundary }: Revoking): readonly IamRole[] {
  return revocableRoles(policy).flatMap(({ arn }) =>
    typeof arn !== 'string' ? [] : [{ arn, boundary: isOwn(arn) ? boundary : boundaryIn(arn) }],
  );
}

/** The roles that other accounts have for it. */
export function localRevocationRoles(policy: PolicyArtifact, { writer }: Revoking): readonly AssumableRole[] {
  const arns = revocableRoles(policy).flatMap(({ arn }) => (typeof arn === 'string' && !isOwn(arn) ? [arn] : []));
  return [...new Set(arns.map(revocationsRoleIn))].map((arn) => ({ arn, trusts: [writer] }));
}

function isOwn(arn: string): boolean {
  return parseRoleArn(arn)?.accountId === accountId;
}

export function localOidcProviders(server: TrustedServer): readonly OidcProvider[] {
  const { Url: url, ClientIDList: audiences } = oidcProvider(server);
  return [{ url, audiences }];
}

type Trust = Pick<AssumableRole, 'trusts' | 'allows' | 'externalId' | 'federation'>;

/** A trust policy in the terms of the emulator. */
function trustOf({ Statement }: TrustPolicy, { issuer }: TrustedServer): Trust {
  const conditions = Object.entries(
    Object.assign({}, ...Statement.map(({ Condition }) => Condition?.StringEquals ?? {})),
  );
  const wanted = (ending: string) => conditions.find(([key]) => key.endsWith(ending))?.[1] as string | undefined;
  const externalId = wanted('sts:ExternalId');
  const subject = wanted(':sub');
  return {
    trusts: Statement.flatMap(principalOf),
    allows: Statement.flatMap(({ Action }) => Action) as readonly StsAction[],
    ...(externalId !== undefined && { externalId }),
    ...(subject !== undefined && { federation: { issuer, subject } }),
  };
}

function principalOf({ Principal }: TrustStatement): readonly string[] {
  return 'AWS' in Principal ? [Principal.AWS] : [];
}
