import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Refused } from '../../../../shared/oauth/denial.ts';
import { readRegisteredClaims } from '../../../../shared/oauth/jose/registered-claims.ts';
import { signingInput } from '../../../../shared/oauth/jose/signed-jwt.ts';
import { parseStrictJson } from '../../../../shared/oauth/jose/strict-json.ts';
import { grantedScopes } from '../../../../shared/oauth/request/scope.ts';
import { accessTokenClaims } from '../../../../shared/oauth/tokens/issued-token.ts';
import type { JsonObject } from '../../../../shared/policy/json.ts';
import { github, now, ordersRule, policy, subjectClaims } from '../../../world.ts';

const reserved = [
  'iss',
  'sub',
  'aud',
  'exp',
  'iat',
  'nbf',
  'jti',
  'act',
  'may_act',
  'cnf',
  'client_id',
  'scope',
  'txn',
  'tenant',
];
const audience = policy.audiences['orders-api'] ?? expect.fail('no such audience');

function build(claims: JsonObject, mapped: Record<string, { claim: string }[]>, ttl = 300) {
  const subject = { issuer: github, registered: readRegisteredClaims(claims), claims, kid: undefined };
  const grant = { ...ordersRule.grant, claims: mapped, ttl };
  return accessTokenClaims({
    issuer: 'https://issuer.acme.example',
    subject,
    actor: undefined,
    client: undefined,
    audience,
    rule: { grant },
    scopes: ['orders:read'],
    jti: 'j',
    kid: 'kid',
    now,
  });
}

const foreign = fc.record({
  sub: fc.string({ minLength: 1 }),
  exp: fc.integer({ min: now + 1, max: now + 90_000 }),
  extra: fc.jsonValue(),
});

describe('the claims of an issued token', () => {
  test('whatever the subject holds and the policy maps: ours are ours, and the lifetime only shrinks', () => {
    const names = fc.oneof(fc.constantFrom(...reserved), fc.string({ minLength: 1 }));
    fc.assert(
      fc.property(
        foreign,
        fc.array(names),
        fc.integer({ min: 1, max: 900 }),
        ({ sub, exp, extra }, mappedNames, ttl) => {
          const claims = {
            ...subjectClaims,
            sub,
            exp,
            extra,
            scope: 'all',
            client_id: 'evil',
          } as unknown as JsonObject;
          const mapped = Object.fromEntries(mappedNames.map((name) => [name, [{ claim: 'extra' }]]));
          const issued = build(claims, mapped, ttl);
          expect(issued).toMatchObject({
            iss: 'https://issuer.acme.example',
            sub: `github|${sub}`,
            aud: 'https://orders.acme.example',
          });
          expect(issued).toMatchObject({ client_id: 'github', iat: now, jti: 'j', scope: 'orders:read' });
          expect(issued.exp).toBe(Math.min(now + ttl, exp));
          for (const name of ['nbf', 'act', 'may_act', 'cnf', 'txn', 'tenant'])
            expect(Object.hasOwn(issued, name)).toBe(false);
        },
      ),
    );
  });

  test('are written so that a strict parser reads them back', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, unit: 'grapheme', maxLength: 100 }), (sub) => {
        const claims = build({ ...subjectClaims, sub } as unknown as JsonObject, {});
        const [header = '', payload = ''] = signingInput('at+jwt', claims, { alg: 'ES256', kid: 'k' }).split('.');
        const read = (part: string): unknown => parseStrictJson(Buffer.from(part, 'base64url').toString('utf8'));
        expect(read(header)).toEqual({ alg: 'ES256', typ: 'at+jwt', kid: 'k' });
        expect(read(payload)).toEqual(claims);
      }),
    );
  });

  test('have a signing input of 4,096 bytes at most, and of exactly that many', () => {
    const claims = build({ ...subjectClaims } as unknown as JsonObject, {});
    const sizes: number[] = [];
    for (const kid of ['k', 'kk', 'kkk']) {
      for (let pad = 2_600; pad < 3_000; pad += 1) {
        try {
          sizes.push(signingInput('at+jwt', { ...claims, pad: 'x'.repeat(pad) }, { alg: 'ES256', kid }).length);
        } catch (error) {
          const { denial } = error as Refused;
          if (denial.kind !== 'signing_input') throw error;
          expect(denial.bytes).toBeGreaterThan(4_096);
        }
      }
    }
    expect(Math.max(...sizes)).toBe(4_096);
  });

  test('scopes out are a subset of the requested, the rule’s and the audience’s', () => {
    const scopes = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd'));
    fc.assert(
      fc.property(fc.option(scopes, { nil: undefined }), scopes, scopes, (requested, rule, known) => {
        const expected = rule.filter((scope) => known.includes(scope) && (requested?.includes(scope) ?? true));
        const grant = (): readonly string[] => grantedScopes({ requested, rule, audience: known });
        if ((requested !== undefined || known.length > 0) && expected.length === 0)
          expect(grant).toThrow('refused: scope');
        else expect(grant()).toEqual(expected);
      }),
    );
  });
});
