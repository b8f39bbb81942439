import { describe, expect, test } from 'vitest';
import { currentKey, kidFor, publicKeySet, type SigningKey, useOf } from '../../../../shared/oauth/jose/keyring.ts';
import { selfIssuer } from '../../../../shared/oauth/verify/self-issuer.ts';
import { keyPurposes } from '../../../../shared/policy/key-purposes.ts';
import {
  cambioKey,
  formBody,
  github,
  issuerUrl,
  makeWorld,
  policy,
  run,
  signCompact,
  verdict,
} from '../../../world.ts';

const { kid: _, alg: __, use: ___, ...publicJwk } = cambioKey.publicJwk as Record<string, string>;
const keyOf = (kid: string, changes: Partial<SigningKey> = {}): SigningKey => ({
  ...{ kid, alg: 'ES256', keyId: `arn:${kid}`, state: 'current', publicJwk },
  ...changes,
});

describe('the use of a key', () => {
  test('is the beginning of its name, and tokens for names that have none', () => {
    for (const use of ['token', 'answer', 'status', 'session'] as const) {
      expect(kidFor(use, 'thumb')).toBe(`${use}.thumb`);
      expect(useOf({ kid: kidFor(use, 'thumb') })).toBe(use);
    }
    for (const kid of ['thumb', 'tokens', 'audit.thumb', 'status-thumb', '']) expect(useOf({ kid })).toBe('token');
  });

  test('chooses who signs, whatever the order, and the JWK Set has all of them', () => {
    const keys = [keyOf('status.a'), keyOf('token.b'), keyOf('token.c', { state: 'next' }), keyOf('session.d')];
    const kidOf = (use: 'token' | 'answer' | 'status') => currentKey({ keys }, { use, alg: 'ES256' })?.kid;
    expect([kidOf('token'), kidOf('status'), kidOf('answer')]).toEqual(['token.b', 'status.a', undefined]);
    expect(currentKey({ keys }, { use: 'token', alg: 'RS256' })).toBeUndefined();
    expect(publicKeySet({ keys }).keys.map(({ kid }) => kid)).toEqual(keys.map(({ kid }) => kid));
  });
});

test('what a key of another use has signed is no token of ours, though it is published and says it is one', async () => {
  const hop = {
    ...{ id: 'hop', from: 'self', client: ['orders'], match: [] },
    grant: { audience: 'plain', scopes: [], claims: {}, ttl: 60 },
  } as const;
  const served = {
    ...policy,
    clients: {
      orders: {
        name: 'orders',
        auth: { method: 'federated', issuer: 'github', match: [] },
        introspects: ['orders-api'],
      },
    },
    rules: [...policy.rules, hop],
  } as const;
  const uses = ['token.cambio-key', 'cambio-key', 'session.cambio-key', 'status.cambio-key', 'answer.cambio-key'];
  const readKeyring = async () => ({ keys: uses.map((kid) => keyOf(kid)) });
  const world = makeWorld({ readKeyring }, served);
  const claims = {
    ...{ iss: issuerUrl, sub: 's', aud: 'https://orders.acme.example', client_id: 'c', jti: 'j' },
    ...{ iat: world.cambio.now(), exp: world.cambio.now() + 60, scope: 'orders:read' },
    lineage: { origin: { iss: github.name, iat: world.cambio.now() } },
  };
  const signedBy = (kid: string) =>
    signCompact(JSON.stringify({ alg: 'ES256', typ: 'at+jwt', kid }), JSON.stringify(claims), cambioKey);
  const endings = uses.map(async (kid) => {
    const body = formBody({
      ...{ subject_token: signedBy(kid), audience: 'plain' },
      subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      client_assertion: new URLSearchParams(formBody()).get('subject_token') ?? '',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    });
    return verdict(await run(body, world));
  });
  const refused = 'invalid_request/key';
  expect(await Promise.all(endings)).toEqual(['granted', 'granted', refused, refused, refused]);
  expect(selfIssuer(issuerUrl, served).algorithms).toEqual(['ES256']);
});

test('a policy has keys for what something in it has a use for, and for no more', () => {
  const [audience] = Object.values(policy.audiences);
  if (!audience) throw new Error('no audience');
  const role = { ...{ name: 'r', arn: 'arn:aws:iam::111122223333:role/r', ttl: 900, maxTtl: 900 } };
  const introspection = { url: 'https://idp.example', client: 'cambio', cache: 0, network: 'public' } as const;
  const client = {
    name: 'c',
    auth: { method: 'federated', issuer: 'github', match: [] },
    introspects: [],
  } as const;
  const purposesOf = (changes: object) => keyPurposes({ ...policy, ...changes }).map(({ use, alg }) => `${use} ${alg}`);
  const always = ['token ES256', 'token RS256'];
  expect(purposesOf({})).toEqual(always);
  expect(purposesOf({ audiences: { a: { ...audience, alg: 'Ed25519' } } })).toEqual([
    'token ES256',
    'token Ed25519',
    'token RS256',
  ]);
  expect(purposesOf({ clients: { c: client } })).toEqual([...always, 'answer RS256']);
  expect(purposesOf({ issuers: { github: { ...github, introspection } } })).toEqual([...always, 'answer RS256']);
  expect(purposesOf({ audiences: { a: { ...audience, status: true, alg: 'ES384' } } })).toEqual([
    ...['token ES256', 'token ES384', 'token RS256'],
    'status ES384',
  ]);
  expect(purposesOf({ roles: { r: { ...role, via: 'web-identity' } } })).toEqual([...always, 'session ES256']);
  expect(purposesOf({ roles: { r: { ...role, via: 'assume-role' } } })).toEqual(always);
});
