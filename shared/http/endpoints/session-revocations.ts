// The task that ends revoked sessions of AWS roles: by the schedule, and when an administrator revoked. One line for every
// policy that changed or could not be changed. No I/O of its own.

import { causesOf } from '../../causes.ts';
import {
  type RevokeSessionsCapabilities,
  type RoleOutcome,
  revokeSessions,
} from '../../oauth/role-session/end-sessions.ts';
import { reportedAs } from '../errors.ts';
import type { WriteLog } from '../log.ts';

/** The Lambda handler; it fails when any role's policy is not what it should be, after all were tried. */
export function sessionRevocationsTask(capabilities: RevokeSessionsCapabilities, write: WriteLog): () => Promise<void> {
  return async () => {
    const outcomes = await revokeSessions(capabilities).catch(reportedAs(write, 'session_revocation'));
    for (const outcome of outcomes) report(outcome, write);
    const failed = outcomes.filter((outcome) => 'error' in outcome).length;
    if (failed > 0) throw new Error(`the policies of ${failed} of ${outcomes.length} roles are not written`);
  };
}

function report({ role, ...outcome }: RoleOutcome, write: WriteLog): void {
  const named = { role: role.name, role_arn: role.arn };
  if ('error' in outcome) write('error', 'session_revocation', { ...named, cause: causesOf(outcome.error) });
  else if (outcome.change !== 'unchanged') write('info', 'session_revocation', { ...named, ...outcome });
}
