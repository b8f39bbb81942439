// `cambio aws trust-policy`: what the account of a role has to have, so that Cambio may make its sessions. Reads the policy.
import { didYouMean } from '../../infra/policy/source/did-you-mean.ts';
import type { CompiledPolicy, Role } from '../../shared/policy/compiled-policy.ts';
import { parseRoleArn } from '../../shared/policy/role-arn.ts';
import { type RoleUse, roleUses } from '../../shared/policy/role-uses.ts';
import { revocationSetups } from '../../shared/policy/session-revocation.ts';
import { oidcProvider, trustPolicy } from '../../shared/policy/trust-policy.ts';
import { printable } from '../printable.ts';
import { exitCodes, type Output, UsageError } from '../usage.ts';
import { compiledPolicy } from './file.ts';

export interface TrustPolicyOptions {
  readonly role?: string | undefined;
  readonly policy?: string | undefined;
  readonly issuer?: string | undefined;
  readonly 'token-role'?: string | undefined;
  readonly 'revocations-role'?: string | undefined;
}

/** IAM refuses them: nobody is trusted by mistake. */
const unknownTokenRole = 'THE-OUTPUT-TokenRole-OF-THE-STACK';
const unknownRevocationsRole = 'THE-OUTPUT-RevocationsRole-OF-THE-STACK';

/**
 * @param path the policy, when no option names one
 * @param discover asks the server for its issuer
 * @returns the exit code: 0 printed, 1 the policy has errors
 * @throws UsageError for a role there is none of, or that no rule grants
 */
export async function awsTrustPolicy(
  options: TrustPolicyOptions,
  path: string,
  output: Output,
  discover: () => Promise<string>,
): Promise<number> {
  const { role: wanted, 'token-role': tokenRole = unknownTokenRole, 'revocations-role': writer } = options;
  if (wanted === undefined) throw new UsageError('aws trust-policy needs --role NAME or ARN');
  requireRole('TokenRole', '--token-role', options['token-role']);
  requireRole('RevocationsRole', '--revocations-role', writer);
  const policy = compiledPolicy(options.policy ?? path, output);
  if (!policy) return exitCodes.refused;
  const use = useOf(wanted, policy);
  const isFederated = use.role.via === 'web-identity';
  const issuer = isFederated ? originOf(options.issuer ?? (await discover())) : '';
  const revocations = revocationsOf(use.role, writer ?? unknownRevocationsRole);
  if (!isFederated && tokenRole === unknownTokenRole) askFor('TokenRole', '--token-role', output);
  if (revocations && writer === undefined) askFor('RevocationsRole', '--revocations-role', output);
  const { name: RoleName, accountId: AccountId } = parseRoleArn(use.role.arn) ?? {};
  const document = {
    AccountId,
    RoleName,
    ...(isFederated && { OpenIDConnectProvider: oidcProvider({ issuer }) }),
    AssumeRolePolicyDocument: trustPolicy(use, { issuer, tokenRole }),
    ...(revocations && { SessionRevocations: revocations }),
  };
  output.stdout(`${JSON.stringify(document, null, 2)}\n`);
  return exitCodes.ok;
}

/** A principal is one role: a wildcard or an account would be everybody in it. */
function requireRole(name: string, option: string, arn: string | undefined): void {
  if (arn === undefined || parseRoleArn(arn)) return;
  throw new UsageError(`${option} takes the ARN of one role: the output ${name} of the stack`);
}

/** What the role's account has to have before its sessions can be revoked from the deployment's, if that is another. */
function revocationsOf(role: Role, writer: string) {
  const [setup] = revocationSetups({ roles: { [role.name]: role } }, writer);
  if (!setup) return undefined;
  const { PolicyName, PolicyDocument } = setup.boundary;
  return { PermissionsBoundary: { PolicyName, PolicyDocument }, Role: setup.role };
}

function askFor(name: string, option: string, output: Output): void {
  output.stderr(
    `cambio: put the ARN that the stack puts out as ${name} for THE-OUTPUT-${name}-OF-THE-STACK, or give ${option}\n`,
  );
}

/** IAM compares the provider's name with `iss` byte by byte: with one slash too many, no token fits. */
function originOf(issuer: string): string {
  if (URL.canParse(issuer) && /^https?:/.test(issuer) && new URL(issuer).origin === issuer) return issuer;
  throw new UsageError(`the issuer is an origin, as https://issuer.acme.example, and ${printable(issuer)} is none`);
}

function useOf(wanted: string, policy: Pick<CompiledPolicy<unknown>, 'roles' | 'rules'>): RoleUse {
  const role = Object.values(policy.roles).find(({ name, arn }) => name === wanted || arn === wanted);
  if (!role) throw new UsageError(`${wanted} is no role: ${didYouMean(wanted, Object.keys(policy.roles))}`);
  const use = roleUses(policy).find((each) => each.role === role);
  if (!use) throw new UsageError(`${role.name}: no rule grants this role`);
  if (!hasArn(use)) throw new UsageError(`${role.name}: its ARN comes from TypeScript, which is not looked at here`);
  return use;
}

function hasArn(use: RoleUse<unknown>): use is RoleUse {
  return typeof (use.role as Role<unknown>).arn === 'string';
}
