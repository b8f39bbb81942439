// Introspection (RFC 7662, RFC 9701): who may see what, and what everybody else sees.
import { generateKeyPairSync, sign as signBytes } from 'node:crypto';
import { compactVerify, createLocalJWKSet } from 'jose';
import { describe, expect, test } from 'vitest';
import { newDecision } from '../../../shared/oauth/decision/decision.ts';
import { Refused } from '../../../shared/oauth/denial.ts';
import { introspect, introspectSigned } from '../../../shared/oauth/introspection.ts';
import { parseForm } from '../../../shared/oauth/request/form.ts';
import { selfIssuer } from '../../../shared/oauth/verify/self-issuer.ts';
import type { Client } from '../../../shared/policy/compiled-policy.ts';
import {
  cambioKey,
  clientKey,
  formBody,
  issuerUrl,
  makeKey,
  now,
  ordersRule,
  signCompact,
  subjectToken,
  type World,
} from '../../world.ts';
import { as, ci, exchanged, introspected, issued, lifecycle, nobody, served, state } from './lifecycle-world.ts';

describe('a token', () => {
  test('RFC 7662 §2.2: is told to a client of its audience, with act and client_id at the top, and without its lineage', async () => {
    const at = lifecycle();
    const { token, claims } = await issued(at, formBody({ subject_token: subjectToken({ act: { sub: 'bot' } }) }));
    const { answer } = await introspected(at, token);
    const { lineage: _, ...told } = claims;
    expect(answer).toEqual({ active: true, ...told, token_type: 'Bearer' });
    expect(answer).toMatchObject({
      act: { sub: 'github|bot' },
      client_id: 'github',
      scope: 'orders:read orders:write',
    });
  });

  test('is not active once the policy has its audience no longer, or under another resource', async () => {
    const at = lifecycle();
    const tokens = [await issued(at), await issued(at, formBody({ audience: 'opaque' }))];
    const { 'orders-api': orders, opaque, ...others } = served.audiences;
    if (!orders || !opaque) return expect.fail();
    const moved = { ...orders, resource: 'https://new.acme.example' };
    for (const audiences of [
      others,
      { ...others, 'orders-api': moved, opaque: { ...opaque, resource: 'https://x.example' } },
    ]) {
      const later = { ...at, after: { ...at.after, policy: { ...at.after.policy, audiences } } };
      for (const { token } of tokens) {
        expect([await state(later, token), await state(at, token)]).toEqual(['inactive: audience', 'active']);
      }
    }
  });

  test('is active, and can be exchanged and revoked, where the policy has come to write the slash of its audience otherwise', async () => {
    const at = lifecycle();
    const { token, claims } = await issued(at, formBody({ resource: 'https://orders.acme.example/' }));
    expect(claims['aud']).toBe('https://orders.acme.example');
    const { 'orders-api': orders, ...others } = served.audiences;
    if (!orders) return expect.fail();
    const written = (resource: string) => {
      const audiences = { ...others, 'orders-api': { ...orders, resource } };
      return { ...at, after: { ...at.after, policy: { ...at.after.policy, audiences } } };
    };
    expect(await state(written('https://orders.acme.example/'), token)).toBe('active');
    expect(await state(written('https://orders.acme.example/a'), token)).toBe('inactive: audience');
    const self = selfIssuer(issuerUrl, written('https://orders.acme.example/').after.policy);
    expect(self.audiences).toEqual(expect.arrayContaining(['https://orders.acme.example/', claims['aud']]));
  });

  test('is active, whatever a claim of this name says that policy maps', async () => {
    const grant = { ...ordersRule.grant, claims: { active: ['no'], token_type: ['N_A'], seen: ['yes'] } };
    const at = lifecycle({ rules: [{ ...ordersRule, grant }] });
    const { token } = await issued(at);
    const { answer } = await introspected(at, token);
    expect(answer).toMatchObject({ active: true, token_type: 'Bearer', seen: 'yes' });
  });

  test('RFC 7662 §4: of another audience is not active, and nothing else is said', async () => {
    const at = lifecycle();
    const { token } = await issued(at);
    expect((await introspected(at, token, as('payments'))).answer).toEqual({ active: false });
    expect([await state(at, token, 'payments'), await state(at, token, 'orders')]).toEqual([
      'inactive: audience',
      'active',
    ]);
  });

  test('is looked up alike whether it is a JWT or a reference, and whatever the hint', async () => {
    const at = lifecycle();
    const jwt = await issued(at);
    const reference = await issued(at, formBody({ audience: 'opaque' }));
    expect(reference.token).toMatch(/^[\w-]{43}$/);
    for (const { token } of [jwt, reference]) {
      for (const token_type_hint of ['access_token', 'refresh_token', 'nonsense']) {
        const { answer } = await introspected(at, token, as('orders'), { token_type_hint });
        expect(answer).toMatchObject({ active: true, sub: 'github|repo:acme@1/api@456789:ref:refs/heads/main' });
      }
    }
    expect(await state(at, reference.token, 'payments')).toBe('inactive: audience');
  });

  test.each<[string, (own: string) => string, string]>([
    ['garbage', () => 'garbage', 'malformed'],
    ['a foreign token', () => subjectToken(), 'issuer'],
    ['an unknown handle', () => 'A'.repeat(43), 'malformed'],
    ['one with another signature', (own) => `${own.slice(0, -10)}AAAAAAAAAA`, 'signature'],
    ['one of another key', (own) => resigned(own, makeKey(cambioKey.kid)), 'signature'],
    ['one declared as another kind', (own) => resigned(own, cambioKey, { typ: 'JWT' }), 'type'],
    ['AWS credentials', () => '{"Version":1,"AccessKeyId":"ASIAIOSFODNN7EXAMPLE"}', 'malformed'],
    ['20 KB', () => 'x'.repeat(20_000), 'size'],
  ])('is not active when it is %s', async (_what, change, reason) => {
    const at = lifecycle();
    const { token } = await issued(at);
    expect((await introspected(at, change(token))).answer).toEqual({ active: false });
    expect([await state(at, change(token)), await state(at, token)]).toEqual([`inactive: ${reason}`, 'active']);
  });

  test('is not active from the second it expires, JWT or reference', async () => {
    let time = now;
    const at = lifecycle({}, { now: () => time });
    const tokens = [await issued(at), await issued(at, formBody({ audience: 'opaque' }))];
    for (const { token } of tokens) {
      time = now + 299;
      expect(await state(at, token)).toBe('active');
      time = now + 300;
      expect(await state(at, token)).toBe('inactive: expired');
    }
  });
});

const client_assertion_type = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/** A form by a client that asserts with its own key. */
function asserting(token: string) {
  const claims = { iss: 'keyed', sub: 'keyed', aud: issuerUrl, jti: 'assertion', exp: now + 60 };
  const client_assertion = signCompact(
    JSON.stringify({ alg: 'ES256', kid: clientKey.kid }),
    JSON.stringify(claims),
    clientKey,
  );
  return parseForm(new URLSearchParams({ token, client_assertion, client_assertion_type }).toString());
}

const rsa = rsaWorld();

function resigned(own: string, key: typeof cambioKey, header: object = {}): string {
  const [first = '', payload = ''] = own.split('.');
  const read = (part: string): string => Buffer.from(part, 'base64url').toString();
  return signCompact(JSON.stringify({ ...JSON.parse(read(first)), ...header }), read(payload), key);
}

describe('a caller', () => {
  test.each<[string, Parameters<typeof introspected>[2], Record<string, string>, string]>([
    ['that does not authenticate', nobody, {}, '401 invalid_client/client'],
    [
      'with a wrong secret',
      { ...as('orders'), authorization: 'Basic b3JkZXJzOndyb25n' },
      {},
      '401 invalid_client/client',
    ],
    ['that is unknown', as('nobody'), {}, '401 invalid_client/client'],
    ['with two methods', as('orders'), { client_secret: 'secret' }, '400 invalid_request/client'],
  ])('%s is refused', async (_what, headers, extra, expected) => {
    const at = lifecycle();
    const { token } = await issued(at);
    expect((await introspected(at, token, headers, extra)).error).toBe(expected);
    expect((await introspected(at, token)).answer?.active).toBe(true);
  });

  test.each([
    ['refs/heads/main', 'active'],
    [undefined, '401 invalid_client/client'],
  ])('whose own assertion names no subject learns nothing of another token: ref %s', async (ref, expected) => {
    const eks = { ...ci, name: 'eks', url: 'https://eks.example', subject: ['pod:', { claim: 'ref' }] };
    const auth = { method: 'federated', issuer: 'eks', match: [] } as const;
    const pod = { name: 'pod', auth, introspects: ['orders-api'] };
    const at = lifecycle({ issuers: { github: ci, eks }, clients: { ...served.clients, pod } });
    const { token } = await issued(at);
    const client_assertion = subjectToken({ iss: eks.url, ref });
    const { answer, error } = await introspected(at, token, nobody, { client_assertion, client_assertion_type });
    expect(error ?? (answer?.active ? 'active' : 'inactive')).toBe(expected);
  });

  test('RFC 7662 §2.1: without a token, or with two, is refused', async () => {
    const at = lifecycle();
    expect((await introspected(at, '')).error).toBe('400 invalid_request/malformed');
    const form = parseForm('token=a&token=b');
    const twice = introspect({ form, headers: as('orders') }, at.after, newDecision('d', 'a'));
    await expect(twice).rejects.toMatchObject({ denial: { kind: 'parameter', problem: 'repeated' } });
  });

  test('RFC 7662 §4: that guesses is throttled, while tokens that are active cost it nothing', async () => {
    const at = lifecycle();
    const { token } = await issued(at);
    const tired = { ...at, after: { ...at.after, mayGuess: (name: string) => name !== 'orders' } };
    expect((await introspected(tired, 'garbage')).error).toBe('429 slow_down/quota');
    expect((await introspected(tired, token)).answer?.active).toBe(true);
    expect((await introspected(tired, 'garbage', as('payments'))).answer).toEqual({ active: false });
  });

  test('learns nothing while the store does not answer', async () => {
    const at = lifecycle();
    const { token } = await issued(at);
    const findHolds = async () => {
      throw new Refused({ kind: 'unavailable', dependency: 'dynamodb' });
    };
    const down = { ...at, after: { ...at.after, findHolds } };
    expect((await introspected(down, token)).error).toBe('503 temporarily_unavailable/unavailable');
  });
});

describe('a signed answer', () => {
  test.each([true, false])('uses an assertion up only when it is signed: %s', async (signs) => {
    const keyed = { method: 'private_key_jwt', algorithms: ['ES256'], keys: { from: 'discovery' }, network: 'public' };
    const client = { name: 'keyed', auth: keyed, introspects: ['orders-api'] } as unknown as Client;
    const at = lifecycle({ clients: { ...served.clients, keyed: client } });
    const { token } = await issued(at);
    const down: World['cambio']['sign'] = async () => {
      throw new Refused({ kind: 'unavailable', dependency: 'kms' });
    };
    const cambio = { ...(await withRsa(at)), ...(!signs && { sign: down }) };
    const asked = introspectSigned({ form: asserting(token), headers: nobody }, cambio, newDecision('d', 'a'));
    if (signs) expect(await asked).toMatch(/^ey/);
    else await expect(asked).rejects.toMatchObject({ denial: { kind: 'unavailable', dependency: 'kms' } });
    expect(at.uses.map(({ use }) => use.issuer)).toEqual(signs ? ['keyed'] : []);
  });

  test('RFC 9701 §5: is for the client alone, and what it says of the token is inside', async () => {
    const at = lifecycle();
    const { token } = await issued(at);
    const form = parseForm(`token=${token}`);
    const call = { form, headers: as('orders') };
    const jwt = await introspectSigned(call, await withRsa(at), newDecision('d', 'a'));
    const { payload, protectedHeader } = await compactVerify(jwt, createLocalJWKSet({ keys: [rsa.jwk] }));
    expect(protectedHeader).toEqual({ alg: 'RS256', typ: 'token-introspection+jwt', kid: 'answer.rsa-key' });
    const claims = JSON.parse(Buffer.from(payload).toString());
    expect(claims).toEqual({
      iss: 'https://issuer.acme.example',
      aud: 'orders',
      iat: now,
      token_introspection: (await introspected(at, token)).answer,
    });
    expect((await introspected(at, jwt)).answer).toEqual({ active: false });
  });

  test('RFC 9701 §8.1: is no subject token', async () => {
    const at = lifecycle();
    const { token } = await issued(at);
    const [, payload = ''] = token.split('.');
    const text = Buffer.from(payload, 'base64url').toString();
    const header = { alg: 'ES256', kid: cambioKey.kid };
    const kinds = ['token-introspection+jwt', 'statuslist+jwt', 'at+jwt'].map((typ) =>
      signCompact(JSON.stringify({ ...header, typ }), text, cambioKey),
    );
    const states = kinds.map((kind) => state(at, kind));
    expect(await Promise.all(states)).toEqual(['inactive: type', 'inactive: type', 'active']);
    expect(served.clients['orders']).toBeDefined();
    expect(await issued(at, exchanged(kinds[2] ?? '', 'payments-api'), as('orders'))).toBeDefined();
    await expect(issued(at, exchanged(kinds[0] ?? '', 'payments-api'), as('orders'))).rejects.toThrow(
      'invalid_request/type',
    );
  });
});

/** `at` whose keyring has both keys. */
async function withRsa(at: World) {
  const { keys } = await at.cambio.readKeyring();
  const both = { keys: [...keys, ...(await rsa.readKeyring()).keys] };
  return { ...at.after, readKeyring: async () => both, sign: rsa.sign };
}

/** A keyring with the RS256 key every deployment has, and how it signs. */
function rsaWorld() {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const publicJwk = publicKey.export({ format: 'jwk' }) as Record<string, string>;
  const key = { kid: 'answer.rsa-key', alg: 'RS256', keyId: 'key-2', state: 'current', publicJwk } as const;
  return {
    readKeyring: async () => ({ keys: [key] }),
    sign: async (_key: unknown, input: string) => signBytes('sha256', Buffer.from(input), privateKey),
    jwk: { ...publicJwk, kid: 'answer.rsa-key', alg: 'RS256' },
  };
}
