// Middleware: every exception to an OAuth error in JSON (RFC 6749 §5.2). No I/O; the audit event says what it was.
import type { MiddlewareObj } from '@middy/core';
import type { APIGatewayProxyResult } from 'aws-lambda';
import { Refused } from '../oauth/denial.ts';
import { oauthError } from '../oauth/oauth-error.ts';
import type { AuditedEvent } from './audit.ts';
import { json } from './json.ts';

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
