// The agent's POST /token: an exchange (RFC 8693) whose answer may be one of a moment ago. Without a subject token it is
// the agent's own that is exchanged. Pure but for the keeper it is given.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { readForm } from './form.ts';
import { answerJson } from './local-listener.ts';
import { oauthProblem, refuse } from './problem.ts';
import type { TokenKeeper, Wanted } from './token-keeper.ts';

const tokenExchange = 'urn:ietf:params:oauth:grant-type:token-exchange';
/** The agent authenticates as itself or not at all; credentials that a caller sends would not be the agent's. */
const ofClients = ['client_id', 'client_secret', 'client_assertion', 'client_assertion_type'];

export async function answerToken(
  request: IncomingMessage,
  response: ServerResponse,
  keeper: TokenKeeper,
): Promise<void> {
  try {
    const wanted = await parse(request);
    answerJson(response, 200, await keeper.tokenFor(wanted), { pragma: 'no-cache' });
  } catch (error) {
    const { status, body, headers } = oauthProblem(error);
    answerJson(response, status, body, headers);
  }
}

async function parse(request: IncomingMessage): Promise<Wanted> {
  // A proof is good for one request, and an answer is kept for many. Dropping it would turn a bound token into one anybody can use.
  if (request.headers['dpop'] !== undefined) {
    return refuse(
      'invalid_dpop_proof',
      'the agent passes no proof of possession on; with --dpop it has a key of its own',
    );
  }
  return wantedOf(await readForm(request));
}

function wantedOf(form: Readonly<Record<string, string>>): Wanted {
  const { grant_type: grant, subject_token: token, subject_token_type: type, ...rest } = form;
  if (grant === undefined) return refuse('invalid_request', 'grant_type is missing');
  if (grant !== tokenExchange) return refuse('unsupported_grant_type', 'grant_type is not supported');
  const foreign = ofClients.find((name) => rest[name] !== undefined);
  if (foreign !== undefined)
    return refuse('invalid_request', `${foreign} is not for the agent, which authenticates itself`);
  if (token === undefined && type !== undefined) return refuse('invalid_request', 'subject_token is missing');
  if (token !== undefined && type === undefined) return refuse('invalid_request', 'subject_token_type is missing');
  if (token === undefined || type === undefined) return { subject: undefined, form: rest };
  return { subject: { token, from: 'the request' }, form: { ...rest, subject_token_type: type } };
}
