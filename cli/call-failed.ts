// An answer that is no success, in words a person can act on (RFC 6749 §5.2). Pure.
import type { HttpAnswer } from './http-client.ts';
import { printable } from './printable.ts';
import { exitCodes } from './usage.ts';

export interface FailureFacts {
  /** 0 when there was no answer. */
  readonly status: number;
  /** OAuth `error`, or the `code` of /credentials; undefined when the answer is not of Cambio. */
  readonly error?: string | undefined;
  readonly description: string;
  readonly decisionId?: string | undefined;
  /** Milliseconds. */
  readonly retryAfter?: number | undefined;
  /** Without an answer: whether there will be none next time either. */
  readonly isFinal?: boolean;
  /** What a 401 wants, under whichever name it arrived. */
  readonly challenge?: string | undefined;
  /** What the next proof of possession has to say (RFC 9449 §8). */
  readonly nonce?: string | undefined;
}

/** A call that was refused, or that nobody could serve. */
export class CallFailed extends Error {
  override readonly name = 'CallFailed';
  readonly facts: FailureFacts;
  /** Further advice, a line each, added by the code that knows it. */
  readonly hints: readonly string[];

  constructor(facts: FailureFacts, hints: readonly string[] = []) {
    super(facts.description);
    this.facts = facts;
    this.hints = hints;
  }

  /** Trying again may help: throttled, unavailable, or no answer at all. */
  get isRetryable(): boolean {
    return [0, 429, 502, 503, 504].includes(this.facts.status) && !this.facts.isFinal;
  }

  /** The server looked at the request and said no. */
  get isRefusal(): boolean {
    const { status } = this.facts;
    return status > 0 && status < 500 && !this.isRetryable;
  }

  get exit(): number {
    return this.isRefusal ? exitCodes.refused : exitCodes.unavailable;
  }
}

/** The failure an answer tells of. @param at milliseconds since the epoch */
export function failureOf(answer: HttpAnswer, at: number): FailureFacts {
  const { status, headers } = answer;
  const body = jsonOf(answer);
  const words = body['error_description'] ?? body['message'] ?? body['Message'] ?? body['description'];
  const challenge = headers['www-authenticate'] ?? headers['x-amzn-remapped-www-authenticate'];
  return {
    status,
    error: textOf(body['error'] ?? body['code']),
    description: textOf(words) ?? `status ${status} without words`,
    decisionId: /^[0-9a-f-]{36}$/.test(String(body['decision_id'])) ? String(body['decision_id']) : undefined,
    retryAfter: retryAfterOf(String(headers['retry-after'] ?? ''), at),
    challenge: challenge === undefined ? undefined : printable([challenge].flat().join(', ')),
    nonce: nonceOf(answer),
  };
}

/** The nonce for the next proof of possession; undefined for what is none (RFC 9449 §8.1). */
export function nonceOf({ headers }: Pick<HttpAnswer, 'headers'>): string | undefined {
  const nonce = headers['dpop-nonce'];
  return typeof nonce === 'string' && /^[\x21\x23-\x5b\x5d-\x7e]{1,256}$/.test(nonce) ? nonce : undefined;
}

/** The body as a JSON object; empty when it is none. */
export function jsonOf({ body }: HttpAnswer): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
  } catch {
    return {};
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? printable(value) : undefined;
}

/** Seconds or a date (RFC 9110 §10.2.3), in milliseconds from now. */
function retryAfterOf(value: string, at: number): number | undefined {
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1_000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - at);
}
