// Role sessions for a function: what asks STS for them is loaded only where the policy has roles.
import { asRefused } from '../oauth/denial.ts';
import type { AssumeRole } from '../oauth/role-session/role-credentials.ts';
import type { CompiledPolicy } from '../policy/compiled-policy.ts';
import type { CallSts } from './assume-role.ts';

/** Rejects when what asks is not there. */
export async function assumeRoles({ roles }: Pick<CompiledPolicy, 'roles'>, sts: CallSts): Promise<AssumeRole> {
  if (Object.keys(roles).length === 0) return nobodyHasRoles;
  const { createAssumeRole } = await import('./assume-role.ts');
  const assume = createAssumeRole(sts);
  return async (session, webIdentity) =>
    assume(session, webIdentity).catch((error: unknown) => {
      throw asRefused(error);
    });
}

const nobodyHasRoles: AssumeRole = async () => {
  throw new TypeError('the policy has no roles');
};
