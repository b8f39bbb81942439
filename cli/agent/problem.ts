// A failed exchange as the agent's callers are told: the OAuth error of the server, or that it cannot be had now. Pure.
import { CallFailed } from '../call-failed.ts';
import { UsageError } from '../usage.ts';

export interface OAuthProblem {
  readonly status: number;
  readonly body: {
    readonly error: string;
    readonly error_description: string;
    readonly decision_id?: string | undefined;
  };
  readonly headers: Readonly<Record<string, string>>;
}

export function oauthProblem(error: unknown): OAuthProblem {
  if (error instanceof CallerRefused) return error.problem;
  if (error instanceof UsageError) return unavailable(error.message, 5);
  if (!(error instanceof CallFailed)) return fault;
  const { facts, isRetryable } = error;
  const { status, description, decisionId: decision_id } = facts;
  if (isRetryable || status === 0) {
    const seconds = Math.max(1, Math.ceil((facts.retryAfter ?? 1_000) / 1_000));
    const problem = unavailable(description, seconds);
    return status === 429
      ? { ...problem, status, body: { ...problem.body, error: 'slow_down', decision_id } }
      : problem;
  }
  if (status >= 500) return fault;
  const oauthError = facts.error ?? 'invalid_request';
  return {
    status: facts.error === undefined ? 502 : status,
    body: { error: oauthError, error_description: description, decision_id },
    headers: {},
  };
}

/** The agent itself refuses a request. */
class CallerRefused extends Error {
  readonly problem: OAuthProblem;
  constructor(problem: OAuthProblem) {
    super(problem.body.error);
    this.problem = problem;
  }
}

/** @throws CallerRefused */
export function refuse(error: string, description: string, status = 400): never {
  throw new CallerRefused({ status, body: { error, error_description: description }, headers: {} });
}

/** What a gateway makes of it: whether the caller's token, its rights or the server are to blame. */
export function gatewayStatus({ status, body: { error } }: OAuthProblem): number {
  // A client that is not who it says is the agent itself, and so is who does not prove what an audience wants proved.
  const isOurs = ['invalid_client', 'invalid_dpop_proof', 'use_dpop_nonce'].includes(error);
  if (status === 429 || status >= 500 || isOurs) return 503;
  return error === 'invalid_request' ? 401 : 403;
}

function unavailable(description: string, seconds: number): OAuthProblem {
  const body = { error: 'temporarily_unavailable', error_description: description };
  return { status: 503, body, headers: { 'retry-after': String(seconds) } };
}

/** A fault of the agent itself. Its message is not passed on: it could contain a secret. */
const fault: OAuthProblem = {
  status: 500,
  body: { error: 'server_error', error_description: 'the agent failed' },
  headers: {},
};
