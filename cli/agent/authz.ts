// The agent's /authz/{audience}: swaps the bearer token of a request for one of that audience, for a gateway that asks
// before it passes the request on (nginx auth_request, Envoy ext_authz). Pure but for the keeper it is given.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { subjectTypeOf } from '../token/token-exchange.ts';
import { answerJson } from './local-listener.ts';
import { gatewayStatus, oauthProblem } from './problem.ts';
import type { TokenKeeper } from './token-keeper.ts';

/** RFC 6750 §2.1. */
const bearer = /^Bearer +([\w.~+/-]+=*)$/i;
const maxToken = 16_384;

export async function answerAuthz(
  audience: string,
  request: IncomingMessage,
  response: ServerResponse,
  keeper: TokenKeeper,
): Promise<void> {
  const [, token] = bearer.exec(request.headers.authorization ?? '') ?? [];
  if (token === undefined || token.length > maxToken) return deny(response, 401, 'no bearer token');
  try {
    const subject = { token, from: 'the request' };
    const form = { audience, subject_token_type: subjectTypeOf(token) };
    const { access_token: swapped, token_type: type } = await keeper.tokenFor({ subject, form });
    // A token that is bound to a key, or no access token, is of no use to the service behind.
    if (typeof swapped !== 'string' || String(type).toLowerCase() !== 'bearer') {
      return deny(response, 403, 'not a bearer token');
    }
    response.writeHead(200, { authorization: `Bearer ${swapped}`, 'cache-control': 'no-store', 'content-length': '0' });
    response.end();
  } catch (error) {
    const problem = oauthProblem(error);
    const status = gatewayStatus(problem);
    // Envoy hands the body on to whoever called it, who need not know which host we did not reach.
    const body = status === 503 ? { ...problem.body, error_description: 'try again later' } : problem.body;
    answerDenial(response, status, body, problem.headers);
  }
}

function deny(response: ServerResponse, status: number, description: string): void {
  answerDenial(response, status, { error: 'invalid_token', error_description: description }, {});
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
