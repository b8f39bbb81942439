// Lets roles of this app be assumed by a TokenExchange: the statements that `cambio aws trust-policy` prints for other accounts.
import { Stack, Token } from 'aws-cdk-lib';
import { type IRole, PolicyStatement, type Role } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import type { PolicyArtifact } from '../../shared/policy/compiled-policy.ts';
import { type RoleUse, roleUses } from '../../shared/policy/role-uses.ts';
import { trustPolicy } from '../../shared/policy/trust-policy.ts';
import { PropsError } from '../props-error.ts';

export interface Trusted {
  readonly artifact: PolicyArtifact;
  /** The construct's. */
  readonly roles: Readonly<Record<string, IRole>>;
  readonly issuer: string;
  readonly tokenRole: IRole;
}

/**
 * Adds to the trust policy of a role what the policy's rules need of it, by every name it has there.
 * @throws PropsError where no rule grants it, or its trust policy cannot be written here
 */
export function letAssume(role: Role, trusted: Trusted): void {
  const names = Object.keys(trusted.roles).filter((name) => trusted.roles[name] === role);
  if (names.length === 0) throw new PropsError(`${role.node.path} is none of the construct's "roles"`);
  if (!role.assumeRolePolicy) {
    throw new PropsError(`${names[0]} is made elsewhere: what it must trust, "cambio aws trust-policy" prints`);
  }
  for (const name of names) role.assumeRolePolicy.addStatements(...statementsFor(name, role, trusted));
}

function statementsFor(name: string, scope: Construct, trusted: Trusted): readonly PolicyStatement[] {
  const { artifact, issuer, tokenRole } = trusted;
  const use = roleUses(artifact).find(({ role }) => role.name === name);
  if (!use) throw new PropsError(`no rule of the policy grants ${name}`);
  if (use.role.via === 'web-identity' && Token.isUnresolved(issuer)) {
    const why = 'the trust policy of a role via web-identity has the issuer in it';
    throw new PropsError(`${name}: ${why}, which issuerDomain names`);
  }
  // Of the ARN only the account is read, for the provider, which is of this one.
  const known: RoleUse = { ...use, role: { ...use.role, arn: '' } };
  const { Statement } = trustPolicy(known, { issuer, tokenRole: tokenRole.roleArn });
  return Statement.map(({ Principal, ...statement }) => {
    const principal = 'Federated' in Principal ? { Federated: providerArn(scope, issuer) } : Principal;
    return PolicyStatement.fromJson({ ...statement, Principal: principal });
  });
}

/** By its name: the provider itself is made after the functions, and they after the roles whose ARNs they are told. */
function providerArn(scope: Construct, issuer: string): string {
  const resourceName = issuer.replace(/^https:\/\//, '');
  return Stack.of(scope).formatArn({ service: 'iam', region: '', resource: 'oidc-provider', resourceName });
}
