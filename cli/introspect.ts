// `cambio introspect`: what a token is worth (RFC 7662). Calls POST /introspect.

import type { Machine } from './machine.ts';
import { type ClientOptions, clientOf, serverFor } from './token/client-credentials.ts';
import { givenToken, type SubjectTokenOptions } from './token/subject-token.ts';
import { postForm } from './token/token-exchange.ts';
import { exitCodes, type Output, UsageError } from './usage.ts';

export interface IntrospectOptions extends SubjectTokenOptions, ClientOptions {
  readonly url?: string | undefined;
}

/** @returns the exit code: 0 for every answer, an inactive token's too. @throws CallFailed, UsageError */
export async function introspect(options: IntrospectOptions, output: Output, machine: Machine): Promise<number> {
  const server = serverFor(options, machine);
  const client = clientOf(options, server, machine);
  if (!client)
    throw new UsageError('introspect needs a client: --client-id NAME with its secret, key, certificate or token');
  const { token } = await givenToken(options, machine);
  const { json } = await postForm('/introspect', { token }, { server, client, machine });
  output.stdout(`${JSON.stringify(json)}\n`);
  return exitCodes.ok;
}
