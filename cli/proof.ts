// `cambio proof URL`: the headers by which a bound token is sent with one request, as `curl -H @-` reads them.
import { apiHeaders } from './dpop/api-headers.ts';
import { type ProofOptions, proverOf } from './dpop/options.ts';
import type { Machine } from './machine.ts';
import { givenToken, type SubjectTokenOptions } from './token/subject-token.ts';
import { exitCodes, type Output, UsageError } from './usage.ts';

export interface ApiProofOptions extends SubjectTokenOptions, Pick<ProofOptions, 'dpop-key'> {
  readonly method?: string | undefined;
  readonly nonce?: string | undefined;
}

/** @returns the exit code. @throws UsageError */
export async function proof(url: string, options: ApiProofOptions, output: Output, machine: Machine): Promise<number> {
  const { method = 'GET', nonce } = options;
  const prover = await proverOf({ 'dpop-key': options['dpop-key'] }, output, machine);
  if (!prover) throw new UsageError('proof needs --dpop-key FILE, the key that the token is bound to');
  const { token } = await givenToken(options, machine);
  const { authorization, dpop } = apiHeaders({ method, url, token, nonce }, prover);
  output.stdout(`Authorization: ${authorization}\nDPoP: ${dpop}\n`);
  return exitCodes.ok;
}
