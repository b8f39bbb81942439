// What a call of the client library throws: the OAuth error of the server, or why there was no answer. Pure.

import { CallFailed } from '../call-failed.ts';
import { UsageError } from '../usage.ts';

export interface CambioErrorFacts {
  /**
   * The server's `error` (RFC 6749 §5.2), such as `invalid_target`; `temporarily_unavailable` where nobody answered in
   * time, `unreachable` where trying again would not help, `misconfigured` where nothing was asked: no URL, no token.
   */
  readonly error: string;
  readonly error_description: string;
  /** Leads an operator to the trace: `cambio why DECISION_ID`. */
  readonly decision_id?: string | undefined;
  /** HTTP status; 0 when there was no answer. */
  readonly status: number;
  /** Whether the same call may succeed later. The library has tried again already, for as long as it was given. */
  readonly retryable: boolean;
  /** Milliseconds until it makes sense to call again, where the server said so. */
  readonly retryAfter?: number | undefined;
}

/**
 * A call was refused, or nobody could serve it. Neither message nor members hold a token, a secret or a credential.
 * @see [RFC 6749 §5.2](https://www.rfc-editor.org/rfc/rfc6749.html#section-5.2)
 */
export class CambioError extends Error implements CambioErrorFacts {
  override readonly name = 'CambioError';
  readonly error: string;
  readonly error_description: string;
  readonly decision_id?: string | undefined;
  readonly status: number;
  readonly retryable: boolean;
  readonly retryAfter?: number | undefined;

  /** @param details what else may help whoever reads the message, in parentheses behind it */
  constructor(facts: CambioErrorFacts, details: readonly string[] = []) {
    super(`${facts.error}: ${facts.error_description}${details.length > 0 ? ` (${details.join('; ')})` : ''}`);
    this.error = facts.error;
    this.error_description = facts.error_description;
    this.decision_id = facts.decision_id;
    this.status = facts.status;
    this.retryable = facts.retryable;
    this.retryAfter = facts.retryAfter;
  }
}

/** An error of the exchange as callers of the library see it; what their own functions threw stays as it is. */
export function asCambioError(error: unknown): unknown {
  if (error instanceof UsageError) return misconfigured(error.message);
  if (!(error instanceof CallFailed)) return error;
  const { facts, hints, isRetryable: retryable } = error;
  const { status, description, decisionId, retryAfter } = facts;
  const withoutCode = retryable ? 'temporarily_unavailable' : status === 0 ? 'unreachable' : 'server_error';
  return new CambioError(
    {
      ...{ error: facts.error ?? withoutCode, error_description: description, decision_id: decisionId },
      ...{ status, retryable, retryAfter },
    },
    [...(decisionId === undefined ? [] : [`decision ${decisionId}`]), ...hints.map((line) => line.replace(/ +/g, ' '))],
  );
}

function misconfigured(description: string): CambioError {
  return new CambioError({ error: 'misconfigured', error_description: description, status: 0, retryable: false });
}
