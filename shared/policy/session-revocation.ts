// What an account needs so that sessions of its roles can be ended: the inline policy that is written, the boundary that the role
// must have, and, in other accounts, the role that writes the policy. Pure.
import type { CompiledPolicy, Role } from './compiled-policy.ts';
import { parseRoleArn } from './role-arn.ts';

/** Name of the one inline policy that Cambio writes; whatever else a role has is not touched. */
export const revocationsPolicy = 'cambio-revocations';
/** In accounts other than the deployment's: the role that is assumed there, and the boundary of that account's roles. */
const revocationsRole = 'cambio-revocations';
const accountBoundary = 'cambio-boundary';

/**
 * The most that sessions of revocable roles may do, unless the deployment says otherwise. IAM cannot restrict what an inline
 * policy says, so whoever may write one could grant rights with it. This boundary stops that: it allows neither rights to give
 * rights nor assuming other roles. The latter also keeps a revoked session from living on in another role's.
 */
export const defaultBoundary = [
  { Effect: 'Allow', Action: '*', Resource: '*' },
  {
    Effect: 'Deny',
    Action: ['iam:*', 'sts:*', 'organizations:*', 'account:*', 'sso:*', 'sso-directory:*', 'identitystore:*'],
    Resource: '*',
  },
] as const;

/** The roles whose sessions can be revoked, granted by a rule or no longer. */
export function revocableRoles<Value>({ roles }: Pick<CompiledPolicy<Value>, 'roles'>): readonly Role<Value>[] {
  return Object.values(roles).filter(({ revocable }) => revocable);
}

/** ARN of the role that is assumed in the account of a role of that account. */
export function revocationsRoleIn(arn: string): string {
  const { partition = 'aws', accountId = '' } = parseRoleArn(arn) ?? {};
  return `arn:${partition}:iam::${accountId}:role/${revocationsRole}`;
}

/** ARN of the boundary that roles have in the account of a role of another account than the deployment's. */
export function boundaryIn(arn: string): string {
  const { partition = 'aws', accountId = '' } = parseRoleArn(arn) ?? {};
  return `arn:${partition}:iam::${accountId}:policy/${accountBoundary}`;
}

/** Rights to write the policy of exactly these roles, while they have the boundary; and to see whether it is there. */
export function revocationStatements(roles: readonly string[], boundary: string) {
  return [
    {
      Effect: 'Allow',
      Action: ['iam:PutRolePolicy', 'iam:DeleteRolePolicy'],
      Resource: roles,
      Condition: { StringEquals: { 'iam:PermissionsBoundary': boundary } },
    },
    { Effect: 'Allow', Action: ['iam:GetRolePolicy'], Resource: roles },
  ] as const;
}

/** What an account has to have before sessions of its roles can be revoked from another. */
export interface RevocationSetup {
  readonly accountId: string;
  /** A managed policy; each of the roles has it as its permissions boundary. */
  readonly boundary: { readonly PolicyName: string; readonly PolicyDocument: object };
  /** The role that is assumed, with its one inline policy. */
  readonly role: {
    readonly RoleName: string;
    readonly AssumeRolePolicyDocument: object;
    readonly PolicyDocument: object;
  };
  /** ARNs. */
  readonly roles: readonly string[];
}

/**
 * The setups of all accounts that hold revocable roles of a policy, the deployment's own aside.
 * @param writer ARN of the role of the function that writes
 */
export function revocationSetups(policy: Pick<CompiledPolicy, 'roles'>, writer: string): readonly RevocationSetup[] {
  const own = accountOf(writer);
  const arns = revocableRoles(policy).map(({ arn }) => arn);
  const accounts = [...new Set(arns.map(accountOf))].filter((account) => account !== own);
  return accounts.map((account) =>
    setupOf(
      account,
      arns.filter((arn) => accountOf(arn) === account),
      writer,
    ),
  );
}

function accountOf(arn: string): string {
  return parseRoleArn(arn)?.accountId ?? '';
}

function setupOf(accountId: string, roles: readonly string[], writer: string): RevocationSetup {
  const trust = { Effect: 'Allow', Principal: { AWS: writer }, Action: 'sts:AssumeRole' };
  const boundary = boundaryIn(roles[0] ?? '');
  return {
    accountId,
    boundary: { PolicyName: accountBoundary, PolicyDocument: documentOf(defaultBoundary) },
    role: {
      RoleName: revocationsRole,
      AssumeRolePolicyDocument: documentOf([trust]),
      PolicyDocument: documentOf(revocationStatements(roles, boundary)),
    },
    roles,
  };
}

function documentOf(Statement: readonly object[]) {
  return { Version: '2012-10-17', Statement } as const;
}
