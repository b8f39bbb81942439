// Role sessions for a function: what asks STS for them is loaded with the first.

import { loadedOnce } from '../loaded-once.ts';
import { asRefused } from '../oauth/denial.ts';
import type { AssumeRole } from '../oauth/role-session/role-credentials.ts';
import type { CallSts } from './assume-role.ts';
import { callDependency } from './dependency.ts';

export function assumeRoles(sts: CallSts): AssumeRole {
  const assume = loadedOnce(async () => (await import('./assume-role.ts')).createAssumeRole(sts));
  return async (session, webIdentity) =>
    (await callDependency('sts', assume))(session, webIdentity).catch((error: unknown) => {
      throw asRefused(error);
    });
}
