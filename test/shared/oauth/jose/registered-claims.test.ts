// The bounds of the claims Cambio reads itself, at the bound and one beyond.
import { describe, expect, test } from 'vitest';
import { TokenRefused } from '../../../../shared/oauth/jose/jwt.ts';
import { readRegisteredClaims } from '../../../../shared/oauth/jose/registered-claims.ts';
import type { JsonObject } from '../../../../shared/policy/json.ts';
import { subjectClaims } from '../../../world.ts';

const read = (changes: object) => readRegisteredClaims({ ...subjectClaims, ...changes } as JsonObject);
const refusedFor = (claim: string) =>
  expect.objectContaining({ name: 'TokenRefused', reason: 'malformed', message: expect.stringContaining(claim) });

function refusal(changes: object): unknown {
  try {
    return expect.fail(`read ${JSON.stringify(read(changes))}`);
  } catch (error) {
    if (error instanceof TokenRefused) return error;
    throw error;
  }
}

const endOfTime = 253_402_300_799;

describe('a claim at its bound', () => {
  test.each<[string, unknown, unknown]>([
    ['exp', endOfTime, endOfTime + 1],
    ['exp', 0, -1],
    ['exp', 1.5, '1'],
    ['nbf', 0, -0.5],
    ['iat', endOfTime, 1e300],
    ['sub', 'x'.repeat(2_048), 'x'.repeat(2_049)],
    ['sub', 'x', ''],
    ['jti', 'x', ''],
    ['iss', 'x'.repeat(2_048), ['x']],
    ['azp', 'x', null],
    ['aud', Array(100).fill('a'), Array(101).fill('a')],
    ['aud', ['a'], []],
    ['aud', 'a', ['a', '']],
    ['aud', ['a', 'b'], ['a', 1]],
    ['act', { sub: 'a' }, [{ sub: 'a' }]],
    ['may_act', {}, 'a'],
    ['cnf', {}, null],
  ])('%s: %j is read, %j is not', (claim, good, bad) => {
    expect(() => read({ [claim]: good })).not.toThrow();
    expect(refusal({ [claim]: bad })).toEqual(refusedFor(`claim ${claim} `));
  });

  test.each(['iss', 'sub', 'aud', 'exp'])('%s cannot be left out', (claim) => {
    expect(refusal({ [claim]: undefined })).toEqual(refusedFor(`claim ${claim} `));
  });

  test.each(['nbf', 'iat', 'jti', 'azp', 'act', 'may_act', 'cnf'])('%s can', (claim) => {
    expect(() => read({ [claim]: undefined })).not.toThrow();
  });
});

test('times are whole seconds, cut and not rounded', () => {
  expect(read({ exp: 7.999, nbf: 1.5, iat: 0 })).toMatchObject({ exp: 7, nbf: 1, iat: 0 });
});

test.each([
  ['scope', ['openid', 'orders']],
  ['scope', ''],
  ['scope', []],
  ['client_id', null],
  ['client_id', 7],
  ['email', {}],
])('%s: %j is its issuer’s business', (claim, value) => {
  expect(read({ [claim]: value })).toEqual(read({}));
});
