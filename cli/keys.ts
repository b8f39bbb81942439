// `cambio keys list|rotate|revoke KID`: the keyring that signs. Calls /admin/keys.
import { type AdminCall, callAdmin } from './admin-call.ts';
import type { Machine } from './machine.ts';
import { type Server, serverOf } from './server.ts';
import { exitCodes, type Output, UsageError } from './usage.ts';

export interface KeysOptions {
  readonly url?: string | undefined;
}

type KeysCall = (server: Server) => AdminCall;

const list: KeysCall = (server) => ({ method: 'GET', url: server.at('/admin/keys'), action: 'GET /admin/keys' });

const rotate: KeysCall = (server) => ({
  method: 'POST',
  url: server.at('/admin/keys/rotate'),
  action: 'POST /admin/keys/rotate',
  mayRepeat: false,
});

function revoke(kid: string): KeysCall {
  if (!/^[\w.~-]{1,200}$/.test(kid)) throw new UsageError('a KID is as `cambio keys list` and the JWK Set have it');
  return (server) => ({
    method: 'POST',
    url: server.at(`/admin/keys/${encodeURIComponent(kid)}/revoke`),
    action: 'POST /admin/keys/*/revoke',
    absent: `there is no such key: ${kid}`,
  });
}

/** @returns the exit code. @throws CallFailed, UsageError */
async function call(make: KeysCall, options: KeysOptions, output: Output, machine: Machine): Promise<number> {
  const { json } = await callAdmin(make(serverOf(options.url, machine)), machine);
  output.stdout(`${JSON.stringify(json, null, 2)}\n`);
  return exitCodes.ok;
}

export const keys = {
  list: (options: KeysOptions, output: Output, machine: Machine) => call(list, options, output, machine),
  rotate: (options: KeysOptions, output: Output, machine: Machine) => call(rotate, options, output, machine),
  revoke: (kid: string, options: KeysOptions, output: Output, machine: Machine) =>
    call(revoke(kid), options, output, machine),
} as const;
