// `cambio revoke`: an own token (RFC 7009), or, as an administrator, whatever is so described. Calls POST /revoke or
// POST /admin/revocations.
import { callAdmin } from './admin-call.ts';
import { epochSeconds } from './epoch-seconds.ts';
import type { Machine } from './machine.ts';
import { printable } from './printable.ts';
import type { Server } from './server.ts';
import { asserted, type Client, type ClientOptions, clientOf, serverFor } from './token/client-credentials.ts';
import { givenToken, type SubjectTokenOptions, tokenFinder } from './token/subject-token.ts';
import { postForm } from './token/token-exchange.ts';
import { exitCodes, type Output, UsageError } from './usage.ts';

export interface RevokeOptions extends SubjectTokenOptions, ClientOptions {
  readonly url?: string | undefined;
  readonly by?: string | undefined;
  readonly value?: string | undefined;
  readonly reason?: string | undefined;
  readonly 'issued-before'?: string | undefined;
}

const kinds = ['jti', 'family', 'subject', 'client', 'issuer', 'key', 'run'];

/** @returns the exit code. @throws CallFailed, UsageError */
export async function revoke(options: RevokeOptions, output: Output, machine: Machine): Promise<number> {
  const { by, value, reason, 'issued-before': issuedBefore } = options;
  const server = serverFor(options, machine);
  const isAdmins = [by, value, reason, issuedBefore].some((each) => each !== undefined);
  return isAdmins ? revokeAll(options, server, output, machine) : revokeOwn(options, server, output, machine);
}

async function revokeOwn(options: RevokeOptions, server: Server, output: Output, machine: Machine): Promise<number> {
  const { token } = await givenToken(options, machine);
  const client = clientOf(options, server, machine) ?? anonymousCaller(options, server, machine);
  await postForm('/revoke', { token }, { server, client, machine });
  output.stderr('cambio: revoked, with all that was exchanged from it\n');
  return exitCodes.ok;
}

/** A job without a client proves that the token is its own by its subject token, sent as client assertion, here only. */
function anonymousCaller(options: RevokeOptions, server: Server, machine: Machine): Client {
  const { from, 'token-audience': audience } = options;
  const findToken = tokenFinder({ from, 'token-audience': audience }, server, machine, { stdin: false });
  return { id: '', authenticate: async () => asserted(undefined, (await findToken()).token) };
}

async function revokeAll(options: RevokeOptions, server: Server, output: Output, machine: Machine): Promise<number> {
  const { by = '', value, reason, 'issued-before': issuedBefore } = options;
  if (!kinds.includes(by)) throw new UsageError(`--by takes one of ${kinds.join(', ')}`);
  if (!value || !reason) throw new UsageError('revoke --by needs --value and --reason');
  const before = issuedBefore === undefined ? {} : { issuedBefore: epochSeconds('--issued-before', issuedBefore) };
  const url = server.at('/admin/revocations');
  const body = { by, value, reason, ...before };
  const { json } = await callAdmin({ method: 'POST', url, json: body, action: 'POST /admin/revocations' }, machine);
  output.stdout(`${JSON.stringify(json)}\n`);
  if (json['known'] === false) output.stderr(`cambio: there is no such ${by}: ${printable(value)}\n`);
  return exitCodes.ok;
}
