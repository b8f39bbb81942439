// Role sessions for a function: what asks STS for them is loaded with the first.
import { asRefused } from '../oauth/denial.ts';
import type { AssumeRole } from '../oauth/role-session/role-credentials.ts';
import type { CallSts } from './assume-role.ts';

export function assumeRoles(sts: CallSts): AssumeRole {
  let loading: Promise<AssumeRole> | undefined;
  const load = async () => (await import('./assume-role.ts')).createAssumeRole(sts);
  return async (session, webIdentity) => {
    loading ??= load();
    const assume = await loading;
    return assume(session, webIdentity).catch((error: unknown) => {
      throw asRefused(error);
    });
  };
}
