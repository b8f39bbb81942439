// The wire form of a denial (RFC 6749 §5.2, RFC 8693 §2.2.2): one exhaustive switch, so that an unmapped denial does
// not compile. Descriptions name the parameter, never the check that failed: they must not be an oracle. Pure.
import type { Denial, OverQuota, Reason } from './denial.ts';

export interface OAuthError {
  readonly status: number;
  readonly error: string;
  /** Characters of RFC 6749 §5.2 only; constant text and parameter names we chose. */
  readonly description: string;
  /** Stable code for the decision, never sent to the caller. */
  readonly reason: Reason;
  readonly headers: Readonly<Record<string, string>>;
}

/** Seconds a caller should wait after a dependency failed, or when it asked too often. */
const retryAfterSeconds = 1;

/** Maps a denial to what the caller is told and to the decision's reason. */
export function oauthError(denial: Denial): OAuthError {
  switch (denial.kind) {
    case 'content_type':
      return badRequest('invalid_request', 'the content type must be application/x-www-form-urlencoded', 'malformed');
    case 'body_too_large':
      return { ...badRequest('invalid_request', 'the body is too large', 'size'), status: 413 };
    case 'parameter':
      return badRequest('invalid_request', `${denial.parameter} is ${denial.problem}`, 'malformed');
    case 'grant_type':
      return badRequest('unsupported_grant_type', 'grant_type is not supported', 'malformed');
    case 'token_type':
      return badRequest('invalid_request', `${denial.parameter} is not supported`, 'type');
    case 'client':
      return clientError();
    case 'client_methods':
      return badRequest('invalid_request', 'more than one client authentication method', 'client');
    case 'dpop':
      return dpopError(denial);
    case 'dpop_nonce':
      return {
        ...badRequest('use_dpop_nonce', 'DPoP needs the nonce of this server', 'binding'),
        headers: { 'DPoP-Nonce': denial.nonce },
      };
    case 'certificate':
      return badRequest('invalid_request', 'a client certificate is missing', 'binding');
    case 'token':
      return badRequest('invalid_request', `${denial.parameter} is not acceptable`, denial.reason);
    case 'target':
      return badRequest('invalid_target', targetDescription(denial.problem), 'target');
    case 'no_rule':
      return badRequest('invalid_target', unavailableTarget, 'no_rule');
    case 'denied':
      return badRequest('invalid_target', unavailableTarget, 'denied');
    case 'scope':
      return badRequest('invalid_scope', 'scope cannot be granted', 'scope');
    case 'signing_input':
      return badRequest('invalid_target', 'the token for audience or resource would be too large', 'size');
    case 'role_session':
      return badRequest('invalid_target', 'the role session for audience or resource cannot be made', 'tags');
    case 'sts':
      return badRequest('invalid_target', 'the role session for audience or resource was refused', 'sts');
    case 'suspended':
      return denial.as === 'client'
        ? { ...clientError(), reason: 'suspended' }
        : badRequest('invalid_target', unavailableTarget, 'suspended');
    case 'foreign_token':
      return badRequest('invalid_request', 'token is not yours to revoke', 'client');
    case 'irrevocable':
      return badRequest('unsupported_token_type', 'token cannot be revoked', 'type');
    case 'throttled':
      return throttled(denial.over);
    case 'unavailable':
      return waiting(503, 'temporarily_unavailable', 'unavailable');
  }
}

function badRequest(error: string, description: string, reason: Reason): OAuthError {
  return { status: 400, error, description, reason, headers: {} };
}

function dpopError({ problem }: Extract<Denial, { kind: 'dpop' }>): OAuthError {
  if (problem === 'replayed') return badRequest('invalid_dpop_proof', 'DPoP is not acceptable', 'replayed');
  return badRequest('invalid_dpop_proof', `DPoP is ${problem}`, 'binding');
}

// RFC 6749 §5.2: the same answer for an unknown client and a wrong secret, in whatever way it was sent.
function clientError(): OAuthError {
  return {
    status: 401,
    error: 'invalid_client',
    description: 'client authentication failed',
    reason: 'client',
    headers: { 'WWW-Authenticate': 'Basic realm="token"' },
  };
}

function waiting(status: 429 | 503, error: string, reason: Reason): OAuthError {
  return {
    status,
    error,
    description: 'try again later',
    reason,
    headers: { 'Retry-After': String(retryAfterSeconds) },
  };
}

/**
 * Whose quota it is, an operator reads; the caller learns its size and when to come back.
 * @see [RateLimit header fields for HTTP](https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/)
 */
function throttled(over: OverQuota | undefined): OAuthError {
  const error = { ...waiting(429, 'slow_down', 'quota'), description: 'too many requests' };
  if (!over) return error;
  const { by, count, seconds, retryAfter } = over;
  const headers = {
    'Retry-After': String(retryAfter),
    'RateLimit-Policy': `"${by}";q=${count};w=${seconds}`,
    RateLimit: `"${by}";r=0;t=${retryAfter}`,
  };
  return { ...error, headers };
}

function targetDescription(problem: Extract<Denial, { kind: 'target' }>['problem']): string {
  switch (problem) {
    case 'missing':
      return 'audience or resource is missing';
    case 'malformed':
      return 'resource must be an absolute URI without a fragment';
    case 'changed':
    case 'several':
    case 'unknown':
      // The same words as a refusal by policy: which targets exist is not for everybody.
      return unavailableTarget;
  }
}

const unavailableTarget = 'audience or resource is not one target available to this subject';
