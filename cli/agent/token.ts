// The agent's POST /token: an exchange (RFC 8693) whose answer may be one of a moment ago. Without a subject token it is
// the agent's own that is exchanged. Pure but for the keeper it is given.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Form, parseForm, readFormText } from './form.ts';
import { answerJson } from './local-listener.ts';
import { oauthProblem, refuse } from './problem.ts';
import type { TokenKeeper, Wanted } from './token-keeper.ts';

const tokenExchange = 'urn:ietf:params:oauth:grant-type:token-exchange';
/** The agent authenticates as itself or not at all; credentials that a caller sends would not be the agent's. */
const ofClients = ['client_id', 'client_secret', 'client_assertion', 'client_assertion_type'];

/** Of what is remembered, in characters, and how many. */
const [longestKnown, mostKnown] = [1_024, 100];

export function createTokenAnswer(keeper: TokenKeeper) {
  const parse = createParser();
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    try {
      const wanted = parse(await textOf(request));
      answerJson(response, 200, await keeper.tokenFor(wanted), { pragma: 'no-cache' });
    } catch (error) {
      const { status, body, headers } = oauthProblem(error);
      answerJson(response, status, body, headers);
    }
  };
}

async function textOf(request: IncomingMessage): Promise<string> {
  // A proof is good for one request, and an answer is kept for many. Dropping it would turn a bound token into one anybody can use.
  if (request.headers['dpop'] !== undefined) {
    return refuse(
      'invalid_dpop_proof',
      'the agent passes no proof of possession on; with --dpop it has a key of its own',
    );
  }
  return readFormText(request);
}

/** A form of these alone holds no token: its text may stay in memory. */
const openParameters = new Set(['grant_type', 'audience', 'resource', 'scope', 'requested_token_type']);

/** A workload asks for the same few things again and again: what brings no token of its own is read once. */
function createParser(): (text: string) => Wanted {
  const known = new Map<string, Wanted>();
  return (text) => {
    const before = known.get(text);
    if (before) return before;
    const form = parseForm(text);
    const wanted = wantedOf(form);
    if (text.length <= longestKnown && Object.keys(form).every((name) => openParameters.has(name))) {
      if (known.size === mostKnown) known.clear();
      known.set(text, wanted);
    }
    return wanted;
  };
}

function wantedOf(form: Form): Wanted {
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
