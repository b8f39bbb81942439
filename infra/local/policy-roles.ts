// The roles of the served policy as they exist in the local STS: each with the trust policy that its account would be given,
// and the issuer as OIDC provider. Pure.
import type { PolicyArtifact } from '../../shared/policy/compiled-policy.ts';
import { roleUses } from '../../shared/policy/role-uses.ts';
import {
  type Deployment,
  oidcProvider,
  type TrustPolicy,
  type TrustStatement,
  trustPolicy,
} from '../../shared/policy/trust-policy.ts';
import type { AssumableRole, StsAction } from './sts-assume-role.ts';
import type { OidcProvider } from './sts-web-identity.ts';

/** What the local STS has to know; every role lasts as long as IAM lets it. */
export function localRoles(policy: PolicyArtifact, deployment: Deployment): readonly AssumableRole[] {
  return roleUses(policy).flatMap(({ role, ...use }) => {
    const { arn } = role;
    // Nothing is known only at deploy here.
    if (typeof arn !== 'string') return [];
    const trust = trustPolicy({ ...use, role: { ...role, arn } }, deployment);
    return [{ arn, maxSessionDuration: 43_200, ...trustOf(trust, deployment) }];
  });
}

export function localOidcProviders(deployment: Deployment): readonly OidcProvider[] {
  const { Url: url, ClientIDList: audiences } = oidcProvider(deployment);
  return [{ url, audiences }];
}

type Trust = Pick<AssumableRole, 'trusts' | 'allows' | 'externalId' | 'federation'>;

/** A trust policy in the terms of the emulator. */
function trustOf({ Statement }: TrustPolicy, { issuer }: Deployment): Trust {
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
