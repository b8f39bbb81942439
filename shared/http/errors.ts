// Every exception, whatever endpoint it is of: what the caller is told (RFC 6749 §5.2), and what the log may say. The
// middlewares write no more than one line of the log.
import type { MiddlewareObj } from '@middy/core';
import type { APIGatewayProxyResult } from 'aws-lambda';
import { causesOf, placeOf } from '../causes.ts';
import type { ErrorClass, Measured } from '../metrics.ts';
import { type Denial, Refused } from '../oauth/denial.ts';
import { type OAuthError, oauthError } from '../oauth/oauth-error.ts';
import { json } from './api-gateway.ts';
import type { WriteLog } from './log.ts';
import { suspicious } from './meter.ts';

/** What a task throws is a line of its own first: Lambda counts it, and says less. */
export function reportedAs(write: WriteLog, message: string, ...measured: [Measured?]): (error: unknown) => never {
  return (error) => {
    write('error', message, { cause: causesOf(error) }, ...measured);
    throw error;
  };
}

export interface Failure extends Omit<OAuthError, 'reason'> {
  /** Undefined for a bug. */
  readonly reason: OAuthError['reason'] | undefined;
  /** `info` for a refusal, which is ordinary; `error` for a dependency that fails or a bug, which operators have to see. */
  readonly level: 'info' | 'error';
  /** What the log may say: the denial and its causes, or the place of a bug. */
  readonly why: Readonly<Record<string, unknown>> & { readonly denial?: Denial };
}

/** A Refused is what its denial says and anything else `server_error`; the caller learns no more than that. */
export function failureOf(error: unknown): Failure {
  if (!(error instanceof Refused)) return { ...serverError, level: 'error', why: { place: placeOf(error) } };
  const { denial, cause } = error;
  const level = denial.kind === 'unavailable' ? 'error' : 'info';
  return { ...oauthError(denial), level, why: { denial, cause: causesOf(cause) } };
}

export const serverError = {
  status: 500,
  error: 'server_error',
  description: 'unexpected error',
  reason: undefined,
  headers: {},
} as const;

/** An exception in JSON; with the id of its decision, where one was made. */
export function errorAnswer(error: unknown, decisionId?: string): APIGatewayProxyResult {
  const { status, error: code, description, headers } = failureOf(error);
  return json(status, { error: code, error_description: description, decision_id: decisionId }, headers);
}

/** Middleware: answers every exception as `answer` writes it. */
export function answerErrors<Event>(
  answer: (error: unknown, event: Event) => APIGatewayProxyResult,
): MiddlewareObj<Event, APIGatewayProxyResult> {
  return {
    onError: (request) => {
      request.response = answer(request.error, request.event);
    },
  };
}

export interface FailureLog<Event> {
  /** Message of the line, as operators search for it. */
  readonly name: string;
  readonly write: WriteLog;
  /** More fields of the line: never a token, a secret or a header. */
  readonly fieldsOf?: (event: Event) => Readonly<Record<string, unknown>>;
}

/** Middleware: one line for every exception, of the endpoints that make no decisions. */
export function failureLog<Event>({
  name,
  write,
  fieldsOf,
}: FailureLog<Event>): MiddlewareObj<Event, APIGatewayProxyResult> {
  return {
    onError: ({ error, event }) => {
      const failure = failureOf(error);
      const { level, error: code, why } = failure;
      write(level, name, { error: code, ...why, ...fieldsOf?.(event) }, measuredFailure(failure));
    },
  };
}

/**
 * What a failure is counted as. Ours counts as a request without success; a refusal as neither, so that no stranger's refusals
 * make the share of failures look small.
 */
export function measuredFailure({ status, error, reason, why: { denial } }: Failure): Measured {
  // A proof that is missing or late is ordinary; a bound token without its key is not its holder's.
  const told = reason === 'binding' && denial?.kind !== 'token' ? undefined : reason;
  const measured = { errors: 1, class: classOf(status, error, reason), ...suspicious(told) };
  if (measured.class !== 'fault') return measured;
  // An issuer's failure is counted where its answer failed: in a line of its own, whether or not the old keys served.
  const failed = denial?.kind === 'unavailable' && denial.dependency !== 'issuer' ? denial.dependency : undefined;
  return { ...measured, success: 0, ...(failed && { dependency_errors: 1, dependency: failed }) };
}

function classOf(status: number, error: string, reason: Failure['reason']): ErrorClass {
  if (status > 499) return 'fault';
  if (status === 429) return 'throttled';
  if (error === 'invalid_client' || reason === 'client') return 'client';
  if (/_(target|scope)$/.test(error)) return 'policy';
  return /^(malformed|size)$/.test(reason ?? '') ? 'input' : 'token';
}
