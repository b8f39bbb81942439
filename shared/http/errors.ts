// Middleware: every exception to an OAuth error in JSON (RFC 6749 §5.2). No I/O; the audit event says what it was.
import type { MiddlewareObj } from '@middy/core';
import type { APIGatewayProxyResult } from 'aws-lambda';
import { causesOf, placeOf } from '../causes.ts';
import { Refused } from '../oauth/denial.ts';
import { oauthError } from '../oauth/oauth-error.ts';
import { json } from './api-gateway.ts';
import type { AuditedEvent } from './audit.ts';
import type { WriteLog } from './log.ts';

/** Answers a Refused as its denial says and anything else as `server_error`; the caller learns no more than that. */
export function errors<Event extends AuditedEvent>(): MiddlewareObj<Event, APIGatewayProxyResult> {
  return {
    onError: (request) => {
      const { error, event } = request;
      const {
        status,
        error: code,
        description,
        headers,
      } = error instanceof Refused ? oauthError(error.denial) : serverError;
      const body = { error: code, error_description: description, decision_id: event.decision.decisionId };
      request.response = json(status, body, headers);
    },
  };
}

export const serverError = {
  status: 500,
  error: 'server_error',
  description: 'unexpected error',
  headers: {},
} as const;

/** 503 for a dependency that fails, 500 for a bug; nobody keeps either. `message` is what operators search for. */
export function documentFailure(error: unknown, write: WriteLog, message: string): APIGatewayProxyResult {
  const { status, body, headers, why } = failureOf(error);
  write('error', message, { error: body.error, ...why });
  return json(status, body, { ...headers, 'Cache-Control': 'no-store' });
}

/** What a caller is told of an exception, and what the log may say of it. */
export function failureOf(error: unknown) {
  const refused = error instanceof Refused ? error : undefined;
  const { status, error: code, description, headers } = refused ? oauthError(refused.denial) : serverError;
  const why = refused ? { denial: refused.denial, cause: causesOf(refused.cause) } : { place: placeOf(error) };
  return { status, body: { error: code, error_description: description }, headers, why };
}
