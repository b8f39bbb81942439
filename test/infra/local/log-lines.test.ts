import { describe, expect, it } from 'vitest';
import { readableLine } from '../../../infra/local/log-lines.ts';

const id = 'ab2b8e84-bc63-450b-ac69-4fe9f18b8a1a';
const line = (event: object, more: object = {}): string =>
  readableLine({
    function: 'TokenFunction',
    line: JSON.stringify({
      ...{ level: 'INFO', message: 'token_exchange', timestamp: '2026-11-27T06:54:31.308Z', service: 'cambio-token' },
      ...more,
      event,
    }),
  });
const granted = {
  ...{ decision_id: id, outcome: 'granted', rule: 'orders-from-main' },
  request: { audiences: ['orders-api'], resources: [], scope: 'orders:read' },
  subject: { issuer: 'github', sub: 'repo:acme/api' },
};

describe('one line for each decision', () => {
  it('says when, the outcome, who, what for, by which rule and where the rest of it is', () => {
    expect(line(granted)).toBe(
      `06:54:31 granted github|repo:acme/api for orders-api (orders:read) by orders-from-main decision_id=${id}`,
    );
  });

  it('says the actor and the client where there are', () => {
    const request = { ...granted.request, client: 'checkout' };
    const actor = { issuer: 'eks', sub: 'system:serviceaccount:shop:checkout' };
    const who = 'github|repo:acme/api acted for by eks|system:serviceaccount:shop:checkout through checkout for';
    expect(line({ ...granted, request, actor })).toContain(who);
    expect(line(granted)).not.toContain('through');
  });

  it('says of a refusal the error, the reason and which check failed', () => {
    const refused = {
      decision_id: id,
      outcome: 'refused',
      error: 'invalid_request',
      reason: 'signature',
      detail: 'no',
    };
    const { subject, request } = granted;
    const said = `06:54:31 refused github|repo:acme/api for orders-api (orders:read): invalid_request, signature (no) decision_id=${id}`;
    expect(line({ ...refused, subject, request })).toBe(said);
    // Nothing of an unverified token is known.
    expect(line({ ...refused, subject: {} }, { message: 'introspection' })).toContain(
      'refused nobody known at introspection: invalid_request, signature',
    );
  });

  it('says why a token that was looked up is not active', () => {
    expect(line({ decision_id: id, outcome: 'granted', inactive: 'expired' }, { message: 'introspection' })).toContain(
      'granted nobody known at introspection: expired decision_id=',
    );
  });

  it('shows what is no decision as it is told, and what is no JSON as it came', () => {
    expect(line({ by: 'jti' }, { message: 'revocation', level: 'ERROR' })).toBe(
      '06:54:31 error cambio-token: revocation {"by":"jti"}',
    );
    expect(readableLine({ function: 'F', line: 'plain words' })).toBe('F plain words');
    expect(readableLine({ function: 'F', line: '{"message' })).toBe('F {"message');
  });

  it('writes nothing to a terminal that strangers meant for it, nor a token', () => {
    const said = line({ ...granted, subject: { issuer: 'github', sub: 'a\u001b[2J\u202eeyJhbGciOiJub25lIn0.e30.' } });
    expect(said).toContain('github|a?[2J?<token> for');
    expect(line(granted)).toContain('github|repo:acme/api for');
  });
});
