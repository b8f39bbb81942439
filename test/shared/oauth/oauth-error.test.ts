import { describe, expect, test } from 'vitest';
import type { Denial } from '../../../shared/oauth/denial.ts';
import { oauthError } from '../../../shared/oauth/oauth-error.ts';

const denials: readonly Denial[] = [
  { kind: 'content_type' },
  { kind: 'body_too_large' },
  { kind: 'parameter', parameter: 'scope', problem: 'repeated' },
  { kind: 'grant_type' },
  { kind: 'token_type', parameter: 'subject_token_type' },
  { kind: 'client' },
  { kind: 'client_methods' },
  { kind: 'dpop', problem: 'missing', detail: '' },
  { kind: 'dpop', problem: 'replayed', detail: '' },
  { kind: 'dpop_nonce', nonce: 'n' },
  { kind: 'certificate' },
  { kind: 'token', parameter: 'subject_token', reason: 'expired', detail: 'exp has passed' },
  { kind: 'target', problem: 'missing' },
  { kind: 'target', problem: 'malformed' },
  { kind: 'target', problem: 'several' },
  { kind: 'target', problem: 'unknown' },
  { kind: 'target', problem: 'changed' },
  { kind: 'no_rule' },
  { kind: 'denied', rule: 'r' },
  { kind: 'scope', problem: 'malformed' },
  { kind: 'signing_input', bytes: 5_000 },
  { kind: 'role_session', part: 'tag', name: 'repo', problem: 'missing' },
  { kind: 'sts', code: 'AccessDenied', detail: 'User: "a" is not authorized' },
  { kind: 'unavailable', dependency: 'kms' },
];

describe('an OAuth error', () => {
  test.each(denials)('of $kind has a description of RFC 6749 §5.2 characters and a status that fits', (denial) => {
    const { status, error, description, headers } = oauthError(denial);
    expect(description).toMatch(/^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/);
    if (error === 'invalid_client') expect([status, headers['WWW-Authenticate']]).toEqual([401, 'Basic realm="token"']);
    else if (error === 'temporarily_unavailable') expect([status, headers['Retry-After']]).toEqual([503, '1']);
    else expect([400, 413]).toContain(status);
  });

  test('of a quota says how big it is and when to come back; of guesses only that', () => {
    const over = { by: 'issuer', count: 100, seconds: 60, retryAfter: 7 } as const;
    expect(oauthError({ kind: 'throttled', over })).toEqual({
      status: 429,
      error: 'slow_down',
      description: 'too many requests',
      reason: 'quota',
      headers: { 'Retry-After': '7', 'RateLimit-Policy': '"issuer";q=100;w=60', RateLimit: '"issuer";r=0;t=7' },
    });
    const guesses = oauthError({ kind: 'throttled' });
    expect([guesses.status, guesses.error, guesses.headers]).toEqual([429, 'slow_down', { 'Retry-After': '1' }]);
  });

  test('never says which check a token failed, nor whether a target exists or is denied', () => {
    const token = (reason: 'expired' | 'signature' | 'issuer') =>
      oauthError({ kind: 'token', parameter: 'subject_token', reason, detail: reason });
    expect(
      new Set([token('expired'), token('signature'), token('issuer')].map(({ description }) => description)).size,
    ).toBe(1);
    const targets = (
      [{ kind: 'no_rule' }, { kind: 'denied', rule: 'r' }, { kind: 'target', problem: 'unknown' }] as const
    ).map(oauthError);
    expect(new Set(targets.map(({ description }) => description)).size).toBe(1);
    expect(targets.map(({ reason }) => reason)).toEqual(['no_rule', 'denied', 'target']);
  });
});
