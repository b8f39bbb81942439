// The agent's POST /proof: the headers by which a workload sends one of the agent's tokens to an API (RFC 9449 §7.1). The
// key stays here. Pure but for the prover it is given.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Prover } from '../dpop/prover.ts';
import { boundKeyOf, payloadOf } from '../token/token-facts.ts';
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
    answerJson(response, 200, proofHeaders(await readForm(request), prover), { pragma: 'no-cache' });
  } catch (error) {
    const { status, body, headers } = oauthProblem(error);
    answerJson(response, status, body, headers);
  }
}

function proofHeaders(form: Readonly<Record<string, string>>, prover: Prover) {
  const { htm: method, htu, access_token: token, nonce } = form;
  if (method === undefined || !/^[A-Z]{1,32}$/.test(method)) return refuse('invalid_request', 'htm is no method');
  const url = htu === undefined ? undefined : absoluteUrl(htu);
  if (!url) return refuse('invalid_request', 'htu is no http or https URL');
  if (token === undefined || !/^[\x21-\x7e]+$/.test(token)) return refuse('invalid_request', 'access_token is missing');
  // What is no JWT does not say whose it is.
  if (payloadOf(token) && boundKeyOf(token) !== prover.thumbprint) {
    return refuse('invalid_request', 'access_token is not bound to the key of this agent');
  }
  return { authorization: `DPoP ${token}`, dpop: prover.proofFor({ method, url, token, nonce }) };
}

/** Undefined for a path alone, too: a proof is for the whole URL (RFC 9449 §4.2). */
export function absoluteUrl(text: string): URL | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return url && /^https?:$/.test(url.protocol) && url.username + url.password === '' ? url : undefined;
}
