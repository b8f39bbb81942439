// A token taken apart: what is refused before anybody is asked about its issuer or its key.
import { describe, expect, test } from 'vitest';
import { parseJwt, TokenRefused } from '../../../../shared/oauth/jose/jwt.ts';
import { signCompact, subjectClaims } from '../../../world.ts';

const token = (header: object): string => signCompact(JSON.stringify(header), JSON.stringify(subjectClaims));

function reasonOf(compact: string): string {
  try {
    return `taken: ${JSON.stringify(parseJwt(compact).header)}`;
  } catch (error) {
    return error instanceof TokenRefused ? error.reason : String(error);
  }
}

const taken = (header: object): string => `taken: ${JSON.stringify(header)}`;

describe('the header of a token', () => {
  test.each<[unknown, string]>([
    ['', 'key'],
    [1, 'key'],
    [['a'], 'key'],
    [{}, 'key'],
    [null, 'key'],
    ['k'.repeat(257), 'key'],
    ['k'.repeat(256), taken({ alg: 'ES256', kid: 'k'.repeat(256) })],
    ['k', taken({ alg: 'ES256', kid: 'k' })],
    [undefined, taken({ alg: 'ES256' })],
  ])('with kid %j: %s', (kid, expected) => {
    expect(reasonOf(token({ alg: 'ES256', kid }))).toBe(expected);
  });

  test.each<[unknown, string]>([
    [1, 'type'],
    [['JWT'], 'type'],
    [null, 'type'],
    ['AT+JWT', taken({ alg: 'ES256', typ: 'at+jwt' })],
    ['application/at+jwt', taken({ alg: 'ES256', typ: 'at+jwt' })],
    ['x-application/jwt', taken({ alg: 'ES256', typ: 'x-application/jwt' })],
    ['', taken({ alg: 'ES256', typ: '' })],
  ])('with typ %j: %s', (typ, expected) => {
    expect(reasonOf(token({ alg: 'ES256', typ }))).toBe(expected);
  });

  test.each<[unknown, string]>([
    [undefined, 'algorithm'],
    [1, 'algorithm'],
    [['ES256'], 'algorithm'],
    ['anything', taken({ alg: 'anything' })],
  ])('with alg %j: %s', (alg, expected) => {
    expect(reasonOf(token({ alg }))).toBe(expected);
  });

  test.each(['crit', 'b64', 'zip', 'cty', 'enc'])('with %s is refused, also where it is null', (name) => {
    expect(reasonOf(token({ alg: 'ES256', [name]: null }))).toBe('malformed');
    expect(reasonOf(token({ alg: 'ES256', [`x${name}`]: null }))).toBe(taken({ alg: 'ES256' }));
  });
});

test('a token of more than 16 KiB is refused for its size, before its form', () => {
  expect(reasonOf('x'.repeat(16_385))).toBe('size');
  expect(reasonOf('x'.repeat(16_384))).toBe('malformed');
});
