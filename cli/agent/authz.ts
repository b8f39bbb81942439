// The agent's /authz/{audience}: swaps the bearer token of a request for one of that audience, for a gateway that asks
// before it passes the request on (nginx auth_request, Envoy ext_authz). Where the agent has a key, the token is bound to it, and
// the gateway gets a proof for the request it passes on. Pure but for the keeper it is given.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Prover } from '../dpop/prover.ts';
import { subjectTypeOf } from '../token/token-exchange.ts';
import { answerJson } from './local-listener.ts';
import { originalRequest } from './original-request.ts';
import { gatewayStatus, oauthProblem } from './problem.ts';
import type { TokenKeeper } from './token-keeper.ts';

export interface GatewayParts {
  readonly incoming: TokenKeeper;
  readonly prover: Prover | undefined;
}

/** RFC 6750 §2.1. */
const bearer = /^Bearer +([\w.~+/-]+=*)$/i;
const maxToken = 16_384;

/** @param path of the request that is asked about, where the gateway puts it behind the audience */
export async function answerAuthz(
  { audience, path }: { readonly audience: string; readonly path: string },
  request: IncomingMessage,
  response: ServerResponse,
  { incoming, prover }: GatewayParts,
): Promise<void> {
  const [, token] = bearer.exec(request.headers.authorization ?? '') ?? [];
  if (token === undefined || token.length > maxToken) return deny(response, 401, 'no bearer token');
  const original = prover && originalRequest(request, path);
  if (prover && !original) return deny(response, 403, unknownRequest, 'invalid_request');
  try {
    const subject = { token, from: 'the request' };
    const form = { audience, subject_token_type: subjectTypeOf(token) };
    const { access_token: swapped, token_type: type } = await incoming.tokenFor({ subject, form });
    const scheme = prover ? 'DPoP' : 'Bearer';
    // A token that is bound to another's key, or no access token, is of no use to the service behind.
    if (typeof swapped !== 'string' || String(type).toLowerCase() !== scheme.toLowerCase()) {
      return deny(response, 403, `not a ${scheme} token`);
    }
    response.writeHead(200, {
      authorization: `${scheme} ${swapped}`,
      ...(prover && original && { dpop: prover.proofFor({ ...original, token: swapped }) }),
      'cache-control': 'no-store',
      'content-length': '0',
    });
    response.end();
  } catch (error) {
    const problem = oauthProblem(error);
    const status = gatewayStatus(problem);
    // Envoy hands the body on to whoever called it, who need not know which host we did not reach.
    const body = status === 503 ? { ...problem.body, error_description: 'try again later' } : problem.body;
    answerDenial(response, status, body, problem.headers);
  }
}

const unknownRequest =
  'no proof without the request it is for: the gateway names it in X-Original-Method and X-Original-URI (absolute), or by method, Host and path with X-Forwarded-Proto';

function deny(response: ServerResponse, status: number, description: string, error = 'invalid_token'): void {
  answerDenial(response, status, { error, error_description: description }, {});
}

function answerDenial(
  response: ServerResponse,
  status: number,
  body: object,
  headers: Readonly<Record<string, string>>,
): void {
  const challenge = status === 401 ? { 'www-authenticate': 'Bearer error="invalid_token"' } : {};
  answerJson(response, status, body, { ...headers, ...challenge });
}
