// Why a security event token is not taken, in the words of RFC 8935 §2.4. Pure.
import type { TokenReason } from '../denial.ts';
import { TokenRefused } from '../jose/jwt.ts';

export type EventErrorCode =
  | 'invalid_request'
  | 'invalid_key'
  | 'invalid_issuer'
  | 'invalid_audience'
  | 'authentication_failed'
  | 'access_denied';

/** `message` goes to the transmitter, who has to mend it; it has nothing of the token in it. */
export class EventRefused extends Error {
  readonly code: EventErrorCode;

  constructor(code: EventErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = 'EventRefused';
    this.code = code;
  }
}

/** A refusal of the token underneath as one of the event. */
export function eventRefused(error: unknown): unknown {
  return error instanceof TokenRefused
    ? new EventRefused(codeOf(error.reason), error.message, { cause: error })
    : error;
}

const codes: Partial<Readonly<Record<TokenReason, EventErrorCode>>> = {
  algorithm: 'invalid_key',
  key: 'invalid_key',
  signature: 'invalid_key',
  issuer: 'invalid_issuer',
  audience: 'invalid_audience',
};

function codeOf(reason: TokenReason): EventErrorCode {
  return codes[reason] ?? 'invalid_request';
}
