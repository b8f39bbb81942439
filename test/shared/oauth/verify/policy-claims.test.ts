// What policy sees of a token: only the outermost actor, and of our own tokens the audience they are for in both its forms.
import { describe, expect, test } from 'vitest';
import { readRegisteredClaims } from '../../../../shared/oauth/jose/registered-claims.ts';
import { policyClaims } from '../../../../shared/oauth/verify/policy-claims.ts';
import { selfIssuer } from '../../../../shared/oauth/verify/self-issuer.ts';
import type { TrustedIssuer } from '../../../../shared/policy/compiled-policy.ts';
import type { JsonObject } from '../../../../shared/policy/json.ts';
import { github, issuerUrl, policy, subjectClaims } from '../../../world.ts';

const self = selfIssuer(issuerUrl, policy);
const seen = (issuer: TrustedIssuer, changes: object) => {
  const claims = { ...subjectClaims, ...changes } as JsonObject;
  return policyClaims({ issuer, claims, registered: readRegisteredClaims(claims), kid: undefined }, policy);
};

describe('aud', () => {
  test('of our own token is its audience by name and by resource, and no other', () => {
    expect(seen(self, { aud: 'https://orders.acme.example' })['aud']).toEqual([
      'orders-api',
      'https://orders.acme.example',
    ]);
    expect(seen(self, { aud: 'https://orders.acme.example/' })['aud']).toEqual([
      'orders-api',
      'https://orders.acme.example',
    ]);
    expect(seen(self, { aud: 'payments-api' })['aud']).toEqual(['payments-api']);
    expect(seen(self, { aud: 'orders-api' })['aud']).toEqual([]);
    expect(seen(self, { aud: 'https://payments.acme.example' })['aud']).toEqual([]);
  });

  test('of our own token is found without a look at each audience, those alone that it names, and none where it names none', () => {
    let looks = 0;
    const names = Array.from({ length: 1_000 }, (_, n) => `api-${n}`);
    const audiences = Object.fromEntries(
      names.map((name) => [
        name,
        {
          ...policy.audiences['payments-api'],
          get name() {
            looks += 1;
            return name;
          },
        },
      ]),
    ) as unknown as typeof policy.audiences;
    const named = (aud: string | string[]) => {
      const claims = { ...subjectClaims, aud } as JsonObject;
      const token = { issuer: self, claims, registered: readRegisteredClaims(claims), kid: undefined };
      return policyClaims(token, { ...policy, audiences })['aud'];
    };
    expect(named('api-7')).toEqual(['api-7']);
    const before = looks;
    expect(named(['api-999', 'api-3'])).toEqual(['api-999', 'api-3']);
    expect(named('api-1000')).toEqual([]);
    expect(looks - before).toBeLessThan(10);
  });

  test('of a foreign token is what it says, always a list, whatever our audiences are called', () => {
    expect(seen(github, { aud: 'https://sts.acme.example' })['aud']).toEqual(['https://sts.acme.example']);
    expect(seen(github, { aud: ['https://orders.acme.example', 'a'] })['aud']).toEqual([
      'https://orders.acme.example',
      'a',
    ]);
  });
});

describe('act', () => {
  test('is the outermost level, with all it says beside who acted before', () => {
    for (const issuer of [github, self]) {
      const claims = seen(issuer, { act: { sub: 'a', iss: 'x', act: { sub: 'b', act: { sub: 'c' } } } });
      expect(claims['act']).toEqual({ sub: 'a', iss: 'x' });
    }
  });

  test('is not there where the token has none', () => {
    expect(Object.keys(seen(github, {}))).not.toContain('act');
  });
});

test('all other claims are what the token says', () => {
  const { aud: _, ...others } = subjectClaims;
  expect(seen(github, {})).toMatchObject(others);
  expect(seen(self, { aud: 'plain' })).toMatchObject(others);
});
