// `cambio suspend KIND NAME`, `suspend list`, `resume KIND NAME`: the kill switch. Calls /admin/suspensions.
import { type AdminCall, callAdmin } from './admin-call.ts';
import { epochSeconds } from './epoch-seconds.ts';
import type { Machine } from './machine.ts';
import { type Server, serverOf } from './server.ts';
import { exitCodes, type Output, UsageError } from './usage.ts';

export interface SuspensionsOptions {
  readonly url?: string | undefined;
  readonly reason?: string | undefined;
  readonly until?: string | undefined;
}

const kinds = ['issuer', 'client', 'rule', 'audience', 'role'];
/** A name of the policy, a tenant's with the tenant before it. */
const name = /^[a-z0-9][a-z0-9._-]{0,62}(?:\/[a-z0-9][a-z0-9._-]{0,62})?$/;

interface Call {
  readonly words: readonly string[];
  readonly options: SuspensionsOptions;
  readonly output: Output;
  readonly machine: Machine;
}

/** @returns the exit code. @throws CallFailed, UsageError */
export async function suspend({ words, options, output, machine }: Call): Promise<number> {
  const { reason, until } = options;
  if (!reason) throw new UsageError('suspend needs --reason TEXT');
  const json = { reason, ...(until !== undefined && { until: epochSeconds('--until', until) }) };
  const answer = await callAdmin({ ...callOf('PUT', words, serverOf(options.url, machine)), json }, machine);
  output.stdout(`${JSON.stringify(answer.json)}\n`);
  if (answer.json['known'] === false) output.stderr(`cambio: the policy knows no ${words.join(' ')}\n`);
  return exitCodes.ok;
}

/** @returns the exit code. @throws CallFailed, UsageError */
export async function resume({ words, options, output, machine }: Call): Promise<number> {
  await callAdmin(callOf('DELETE', words, serverOf(options.url, machine)), machine);
  output.stderr(`cambio: ${words.join(' ')} is not suspended\n`);
  return exitCodes.ok;
}

/** @returns the exit code. @throws CallFailed */
export async function listSuspensions({ options, output, machine }: Omit<Call, 'words'>): Promise<number> {
  const url = serverOf(options.url, machine).at('/admin/suspensions');
  const { json } = await callAdmin({ method: 'GET', url, action: 'GET /admin/suspensions' }, machine);
  output.stdout(`${JSON.stringify(json, null, 2)}\n`);
  return exitCodes.ok;
}

/** The `/` of a tenant's name stands as it is. */
function callOf(method: 'PUT' | 'DELETE', [kind = '', named = '']: readonly string[], server: Server): AdminCall {
  if (!kinds.includes(kind)) throw new UsageError(`KIND is one of ${kinds.join(', ')}`);
  if (!name.test(named)) throw new UsageError('NAME is as the policy has it, a tenant’s as TENANT/NAME');
  const url = server.at(`/admin/suspensions/${kind}/${named}`);
  return { method, url, action: `${method} /admin/suspensions/*` };
}
