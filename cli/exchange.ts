// `cambio exchange`: a token for an audience. Calls POST /token.

import { type ProofOptions, proverOf } from './dpop/options.ts';
import type { Machine } from './machine.ts';
import { printable } from './printable.ts';
import { type ClientOptions, clientOf, serverFor } from './token/client-credentials.ts';
import { type SubjectTokenOptions, tokenFinder } from './token/subject-token.ts';
import { exchangeToken } from './token/token-exchange.ts';
import { exitCodes, type Output, UsageError } from './usage.ts';

export interface ExchangeOptions extends SubjectTokenOptions, ClientOptions, ProofOptions {
  readonly url?: string | undefined;
  readonly audience?: string | undefined;
  readonly resource?: string | undefined;
  readonly scope?: string | undefined;
  readonly json?: boolean | undefined;
}

/** @returns the exit code. @throws CallFailed, UsageError */
export async function exchange(options: ExchangeOptions, output: Output, machine: Machine): Promise<number> {
  const { audience, resource, scope } = options;
  if ((audience === undefined) === (resource === undefined)) {
    throw new UsageError('give one of --audience NAME and --resource URI');
  }
  const server = serverFor(options, machine);
  const client = clientOf(options, server, machine);
  const prover = await proverOf(options, output, machine);
  const subject = await tokenFinder(options, server, machine, { stdin: true })();
  const form = { audience, resource, scope };
  const { json } = await exchangeToken({ subject, client, prover, form }, server, machine);
  const token = json['access_token'];
  if (typeof token !== 'string')
    throw new UsageError('the answer holds no token: --url must be the API base of Cambio');
  output.stdout(options.json ? `${JSON.stringify(json)}\n` : `${token}\n`);
  sayIfNarrowed(scope, json['scope'], output);
  if (prover && options['dpop-key'] === undefined) output.stderr(`cambio: ${unusable}\n`);
  return exitCodes.ok;
}

const unusable = 'the key that the token is bound to ended with this command; --dpop-key FILE binds it to one of yours';

// A narrowed scope is no error (RFC 6749 §3.3) and breaks things later, far away.
function sayIfNarrowed(wanted: string | undefined, granted: unknown, { stderr }: Output): void {
  const missing = wanted?.split(' ').filter((each) => !String(granted).split(' ').includes(each)) ?? [];
  if (missing.length > 0) stderr(`cambio: not granted of the scope: ${printable(missing.join(' '))}\n`);
}
