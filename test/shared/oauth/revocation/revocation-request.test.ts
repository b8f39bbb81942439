// An administrator's revocation as it is parsed, named and kept.
import { describe, expect, test } from 'vitest';
import { Refused } from '../../../../shared/oauth/denial.ts';
import { revocationKinds } from '../../../../shared/oauth/revocation/revocation.ts';
import {
  keptFor,
  parseRevocationRequest,
  revocationId,
} from '../../../../shared/oauth/revocation/revocation-request.ts';
import { github, now } from '../../../world.ts';

const valid = { by: 'jti', value: 'token-1', reason: 'lost laptop' };
const parse = (changes: object = {}) => parseRevocationRequest(JSON.stringify({ ...valid, ...changes }), now);

function problem(work: () => unknown): string {
  try {
    work();
    return 'none';
  } catch (error) {
    if (!(error instanceof Refused) || error.denial.kind !== 'parameter') throw error;
    return `${error.denial.parameter} ${error.denial.problem}`;
  }
}

describe('a revocation', () => {
  test('is of what it says, issued until now unless it says until when', () => {
    expect(parse()).toEqual({ ...valid, issuedBefore: now });
    expect(parse({ issuedBefore: 0 }).issuedBefore).toBe(0);
    expect(parse({ issuedBefore: now }).issuedBefore).toBe(now);
    for (const by of revocationKinds) expect(parse({ by, value: 'a|b' })).toMatchObject({ by, value: 'a|b' });
  });

  test.each<[string, object, string]>([
    ['a future issuedBefore', { issuedBefore: now + 1 }, 'issuedBefore malformed'],
    ['a negative issuedBefore', { issuedBefore: -1 }, 'issuedBefore malformed'],
    ['a fractional issuedBefore', { issuedBefore: 1.5 }, 'issuedBefore malformed'],
    ['an issuedBefore in words', { issuedBefore: '1' }, 'issuedBefore malformed'],
    ['an unknown by', { by: 'all' }, 'by malformed'],
    ['the by of events', { by: 'origin' }, 'by malformed'],
    ['no by', { by: undefined }, 'by malformed'],
    ['no value', { value: undefined }, 'value missing'],
    ['an empty value', { value: '' }, 'value malformed'],
    ['a long value', { value: 'x'.repeat(8_193) }, 'value malformed'],
    ['a value that is no text', { value: 1 }, 'value malformed'],
    ['no reason', { reason: undefined }, 'reason missing'],
    ['an empty reason', { reason: '' }, 'reason malformed'],
    ['a run without its issuer', { by: 'run', value: '123' }, 'value malformed'],
    ['a run of no issuer', { by: 'run', value: '|123' }, 'value malformed'],
    ['a run without its id', { by: 'run', value: 'github|' }, 'value malformed'],
    ['an unknown member', { dryRun: true }, 'the body malformed'],
  ])('is refused with %s', (_what, changes, expected) => {
    expect(problem(() => parse(changes))).toBe(expected);
    expect(problem(() => parse({ value: 'x'.repeat(8_192) }))).toBe('none');
  });

  test.each([
    '',
    'by=jti',
    '[]',
    'null',
    '"x"',
    '{"by":"jti","by":"key","value":"x","reason":"r"}',
  ])('is refused in a body %j', (body) => {
    expect(problem(() => parseRevocationRequest(body, now))).toMatch(/malformed$/);
  });

  test('has one name for one thing', () => {
    expect(revocationId({ by: 'jti', value: 'a' })).toMatch(/^[0-9a-f]{32}$/);
    expect(revocationId({ by: 'jti', value: 'a' })).toBe(revocationId({ by: 'jti', value: 'a' }));
    const others = [
      { by: 'jti', value: 'b' },
      { by: 'key', value: 'a' },
    ] as const;
    for (const other of others) expect(revocationId(other)).not.toBe(revocationId({ by: 'jti', value: 'a' }));
  });

  test('is kept until nothing is left that it could hit, and a month at least', () => {
    const day = 86_400;
    expect(keptFor({ issuers: {} })).toBe(30 * day);
    expect(keptFor({ issuers: { github } })).toBe(30 * day);
    const old = { ...github, name: 'old', maxLifetime: 90 * day, clockSkew: 60 };
    expect(keptFor({ issuers: { github, old } })).toBe(90 * day + 60 + day + 300);
  });
});
