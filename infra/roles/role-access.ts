// What the token function may do at STS: exactly the roles that rules grant, and for web identities the OIDC provider.
import { Token } from 'aws-cdk-lib';
import { CfnOIDCProvider, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import type { PolicyArtifact, Role, ValueHole } from '../../shared/policy/compiled-policy.ts';
import { roleUses } from '../../shared/policy/role-uses.ts';
import { oidcProvider } from '../../shared/policy/trust-policy.ts';
import { inChunks } from '../arn-chunks.ts';

export interface RoleAccess {
  readonly artifact: PolicyArtifact;
  /** Values of the artifact's holes, which may be CDK tokens. */
  readonly values: Readonly<Record<string, string>>;
}

/** A web identity is presented without a signature and needs no right of ours. */
export function roleStatements({ artifact, values }: RoleAccess): readonly PolicyStatement[] {
  const uses = roleUses(artifact).filter(({ role }) => role.via === 'assume-role');
  const allow = (action: string, allowed: typeof uses): PolicyStatement[] => {
    const chunks = inChunks(allowed.map(({ role }) => arnOf(role, values)));
    return chunks.map((resources) => new PolicyStatement({ actions: [action], resources: [...resources] }));
  };
  return [
    ...allow('sts:AssumeRole', uses),
    ...allow(
      'sts:TagSession',
      uses.filter(({ tags }) => tags),
    ),
    ...allow(
      'sts:SetSourceIdentity',
      uses.filter(({ sourceIdentity }) => sourceIdentity),
    ),
  ];
}

/** Registers the issuer with IAM in this account; other accounts have to do it themselves. */
export function registerIssuer(
  scope: Construct,
  issuer: string,
  { roles }: PolicyArtifact,
): CfnOIDCProvider | undefined {
  if (!hasWebIdentities(roles)) return undefined;
  const { Url: url, ClientIDList: clientIdList } = oidcProvider({ issuer });
  return new CfnOIDCProvider(scope, 'OidcProvider', { url, clientIdList });
}

/** STS fetches the keys from the issuer, over the internet. @throws Error */
export function requirePublicIssuer({ roles }: PolicyArtifact, issuerDomain: string | undefined): void {
  if (!hasWebIdentities(roles) || issuerDomain === undefined || isPublicName(issuerDomain)) return;
  throw new Error(`roles via web-identity need a public issuer, which ${issuerDomain} is not`);
}

function hasWebIdentities(roles: PolicyArtifact['roles']): boolean {
  return Object.values(roles).some(({ via }) => via === 'web-identity');
}

/** Names that never resolve outside (RFC 6761, RFC 6762, RFC 8375, ICANN's `internal`). An unresolved token is not known. */
function isPublicName(domain: string): boolean {
  if (Token.isUnresolved(domain)) return true;
  return domain.includes('.') && !/\.(local|localhost|internal|home\.arpa|test|invalid|lan|corp|home)$/i.test(domain);
}

/** An ARN, or a CDK token of one. */
export function arnOf({ arn }: Role<string | ValueHole>, values: RoleAccess['values']): string {
  return typeof arn === 'string' ? arn : (values[arn.$value] ?? '');
}
