// Who called an administrator's route, as Cambio keeps it. The name of a session that Cambio made is made of a subject. Pure.
import type { CompiledPolicy } from '../policy/compiled-policy.ts';
import { hasPrivateSubject } from '../policy/private-claims.ts';
import { type ReachingPolicy, reachOf } from '../policy/reach.ts';
import { hashClaim } from '../policy/recorded-claims.ts';
import { parseRoleArn } from '../policy/role-arn.ts';

const session = /^(arn:[a-z-]+:sts::(\d{12}):assumed-role\/([^/]+)\/)(.+)$/;

/**
 * The ARN; of a session whose name may be made of claims that an issuer calls private, with a hash for the name. It is salted
 * with the role's ARN alone, so that the lines of one caller are told from another's.
 */
export function keptPrincipal(arn: string, policy: ReachingPolicy & Pick<CompiledPolicy, 'issuers'>): string {
  const [, role = '', account, roleName, name] = session.exec(arn) ?? [];
  const own = Object.values(policy.roles).filter((one) => {
    const parsed = parseRoleArn(one.arn);
    return parsed !== undefined && parsed.accountId === account && parsed.name === roleName;
  });
  if (own.length === 0) return arn;
  const secret = Object.values(policy.issuers).filter(hasPrivateSubject);
  const mayShow = secret.some(({ name: issuer }) => {
    const { roles } = reachOf({ issuer }, policy);
    return own.some((one) => roles.has(one.name));
  });
  return mayShow ? `${role}sha256:${hashClaim(name, 'sub', role)}` : arn;
}
