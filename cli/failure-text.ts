// What a failed call says on stderr: what happened, the decision, what to check. Pure.
import type { CallFailed, FailureFacts } from './call-failed.ts';

/** Lines, the first without indentation. */
export function failureLines({ facts, hints, isRetryable, isRefusal }: CallFailed): readonly string[] {
  const { description, decisionId, challenge } = facts;
  const check = adviceFor(facts);
  const detail = [
    ...(decisionId === undefined
      ? []
      : [`decision: ${decisionId} (an operator sees why with: cambio why ${decisionId})`]),
    ...hints,
    ...(challenge === undefined ? [] : [`wanted:   ${challenge}`]),
    ...(check === undefined ? [] : [`check:    ${check}`]),
  ];
  const head = `${isRetryable ? 'unavailable' : isRefusal ? 'refused' : 'failed'}: ${whatOf(facts)}`;
  return [`cambio: ${head}: ${description}`, ...detail.map((line) => `  ${line}`)];
}

function whatOf({ status, error }: FailureFacts): string {
  if (status === 0) return 'no answer';
  return error === undefined ? `status ${status}` : `${error} (${status})`;
}

const proof =
  'that --dpop or --dpop-key is there where proof of possession is wanted, that --url is the API base as discovery names it, and the clock';

const advice: Readonly<Record<string, string>> = {
  invalid_request:
    'the token: is its iss in the policy, is aud one of that issuer’s audiences (--token-audience), has it expired, was it used before',
  invalid_target:
    'that a rule grants this audience, resource or role to this token; `cambio policy explain` says which condition fails',
  invalid_scope: 'that --scope names scopes which the rule and the audience allow',
  invalid_client: '--client-id, and that the secret, key, certificate or token is the one the policy has for it',
  unsupported_grant_type: '--url or CAMBIO_URL: this server does no token exchange',
  unsupported_token_type: 'AWS credentials cannot be revoked here; an administrator can cut them',
  invalid_dpop_proof: proof,
  use_dpop_nonce: proof,
  server_error: 'the server’s logs',
};

function adviceFor(facts: FailureFacts): string | undefined {
  const { status, error = '', description, retryAfter, decisionId } = facts;
  if (status === 0) return adviceWithoutAnswer(description);
  // Before the error code is looked at: for a path that does not exist, API Gateway blames the request.
  if (status === 404 || status === 405 || (status >= 300 && status < 400))
    return '--url or CAMBIO_URL: it must be the API base of Cambio';
  // An operator's call: what it says of its parameters is all there is to say, for it brings no token.
  if (error === 'invalid_request' && decisionId === undefined) return undefined;
  if (Object.hasOwn(advice, error)) return advice[error];
  return retryAfter === undefined ? undefined : `again in ${Math.ceil(retryAfter / 1_000)} s`;
}

/** @param problem as it was told, with the code of its cause */
export function adviceWithoutAnswer(problem: string): string {
  if (problem.includes('client certificate')) {
    return 'the server does not take the certificate: --client-cert, when it ends, and that the server trusts its authority';
  }
  if (/CERT|SELF_SIGNED|UNABLE_TO|ALTNAME/.test(problem)) {
    return 'the certificate is not trusted: NODE_EXTRA_CA_CERTS names a file of further authorities';
  }
  if (/ENOTFOUND|EAI_AGAIN/.test(problem)) return 'the name does not resolve: is it spelled right, is DNS reachable';
  if (problem.includes('proxy')) return 'look at HTTPS_PROXY and NO_PROXY';
  return 'nobody answers: are --url or CAMBIO_URL right, is the server up, does HTTPS_PROXY or NO_PROXY miss';
}
