// The agent's POST /proof: the headers by which a workload sends one of the agent's tokens to an API. The key stays here.
// Pure but for the prover it is given.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type ApiHeaders, apiHeaders } from '../dpop/api-headers.ts';
import type { Prover } from '../dpop/prover.ts';
import { UsageError } from '../usage.ts';
import { readForm } from './form.ts';
import { answerJson } from './local-listener.ts';
import { oauthProblem, refuse } from './problem.ts';

export async function answerProof(
  request: IncomingMessage,
  response: ServerResponse,
  prover: Prover | undefined,
): Promise<void> {
  try {
    if (!prover) return refuse('invalid_request', 'the agent has no key: start it with --dpop');
    answerJson(response, 200, headersFor(await readForm(request), prover), { pragma: 'no-cache' });
  } catch (error) {
    const { status, body, headers } = oauthProblem(error);
    answerJson(response, status, body, headers);
  }
}

function headersFor(form: Readonly<Record<string, string>>, prover: Prover): ApiHeaders {
  const { htm: method = '', htu: url = '', access_token: token = '', nonce } = form;
  if (!/^[\x21-\x7e]+$/.test(token)) return refuse('invalid_request', 'access_token is missing');
  try {
    return apiHeaders({ method, url, token, nonce }, prover);
  } catch (error) {
    if (error instanceof UsageError) return refuse('invalid_request', error.message);
    throw error;
  }
}
