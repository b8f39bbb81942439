// Stand-ins: tokens of the vendors' shape that the compiled local policy trusts, and the `/_local` routes over them.
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, type JSONWebKeySet, jwtVerify } from 'jose';
import { describe, expect, it } from 'vitest';
import type { GatewayRequest } from '../../../../infra/local/gateway/message.ts';
import { answerLocal } from '../../../../infra/local/stand-ins/local-api.ts';
import { createStandIns, type StandIns } from '../../../../infra/local/stand-ins/stand-ins.ts';
import type { CompileOptions } from '../../../../infra/policy/compile-options.ts';
import { compilePolicyFiles } from '../../../../infra/policy/compile-policy.ts';

/** Clients have a test of their own, on the running stack. */
const nobody = { jwksOf: () => undefined, assertionOf: async () => undefined };

// RFC 7515 appendix A.3.
const inline =
  '{ keys: [{ kty: EC, crv: P-256, x: f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU, y: x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0, kid: own, alg: ES256 }] }';
const source = `
version: 1
issuers:
  github: { url: "https://token.actions.githubusercontent.com", audience: [https://sts.acme.example, other], claims: github-actions }
  eks: { url: "https://oidc.eks.example/id/A", audience: https://sts.acme.example, claims: kubernetes }
  okta: { url: "https://acme.okta.example", audience: app, algorithms: [ES256], claims: { email: string, groups: list, auth_time: int, mfa: bool, org: object } }
  loopback: { url: "http://127.0.0.1:9", audience: app, claims: { email: string } }
  elsewhere: { url: "https://elsewhere.example", audience: app, claims: { email: string }, jwksUri: "https://elsewhere.example/keys" }
  near: { url: "https://near.example", audience: app, claims: { email: string }, jwksUri: "http://127.0.0.1:9/keys" }
  owned: { url: "https://owned.example", audience: app, claims: { email: string }, jwks: ${inline} }
audiences:
  orders-api: { scopes: [orders:read], ttl: 5m }
rules:
  - { id: one, from: github, match: { repository_id: "456789", ref: refs/heads/main }, grant: { audience: orders-api, scopes: [orders:read] } }
`;

function policy(options: CompileOptions = {}) {
  const files = [{ path: 'policy.yaml', text: source }];
  const { artifact, diagnostics } = compilePolicyFiles(files, { local: true, ...options });
  if (!artifact) throw new Error(JSON.stringify(diagnostics));
  return artifact;
}

const standIns = await createStandIns(policy(), false);

function request(method: string, path: string, body: string | Buffer = ''): GatewayRequest {
  return { method, path, query: '', headers: [], body: Buffer.from(body), sourceIp: '127.0.0.1' };
}

async function ask(method: string, path: string, body: string | Buffer = '', from: StandIns = standIns) {
  const {
    status,
    headers,
    body: text,
  } = await answerLocal(
    { standIns: from, clientStandIns: nobody, issuer: 'http://127.0.0.1:8787' },
    request(method, path, body),
  );
  return { status, headers, json: JSON.parse(String(text)) as Record<string, unknown> };
}

describe('a stand-in’s token', () => {
  it.each([
    ['github', 'RS256', 'https://token.actions.githubusercontent.com'],
    ['eks', 'RS256', 'https://oidc.eks.example/id/A'],
    ['okta', 'ES256', 'https://acme.okta.example'],
    ['elsewhere', 'RS256', 'https://elsewhere.example'],
  ])('of %s verifies with the keys that the policy gets', async (name, alg, issuer) => {
    const token = (await standIns.tokenOf(name, {})) ?? '';
    const keys = createLocalJWKSet(standIns.jwksOf(name) as JSONWebKeySet);
    const { payload, protectedHeader } = await jwtVerify(token, keys, { issuer });
    expect(protectedHeader).toMatchObject({ alg, typ: 'JWT', kid: expect.any(String) });
    expect([payload.aud].flat()[0]).toMatch(/^(https:\/\/sts\.acme\.example|app)$/);
    expect(payload.exp).toBeGreaterThan(payload.iat ?? Number.POSITIVE_INFINITY);
    const other = createLocalJWKSet(standIns.jwksOf(name === 'github' ? 'eks' : 'github') as JSONWebKeySet);
    await expect(jwtVerify(token, other)).rejects.toThrow();
  });

  it('has a value of the declared type for every claim of a map', async () => {
    const claims = decodeJwt((await standIns.tokenOf('okta', {})) ?? '');
    expect(claims).toMatchObject({
      email: expect.stringContaining('@'),
      groups: [expect.any(String)],
      auth_time: expect.any(Number),
      mfa: true,
      org: {},
      aud: 'app',
      jti: expect.any(String),
    });
  });

  it('has a jti of its own each time, and the same key', async () => {
    const [one, two] = [await standIns.tokenOf('github', {}), await standIns.tokenOf('github', {})].map(
      (token) => token ?? '',
    );
    expect(decodeJwt(one ?? '').jti).not.toBe(decodeJwt(two ?? '').jti);
    expect(decodeProtectedHeader(one ?? '').kid).toBe(decodeProtectedHeader(two ?? '').kid);
  });

  it('is signed by no other algorithm or key than the issuer’s own', async () => {
    const kids = ['github', 'eks', 'okta'].map((name) => standIns.jwksOf(name)?.keys.map(({ kid }) => kid));
    expect(new Set(kids.flat()).size).toBe(3);
    expect(standIns.jwksOf('github')?.keys[0]).not.toHaveProperty('d');
  });
});

describe('the compiled policy', () => {
  it('has the stand-ins’ keys in place of vendors’, a remote jwksUri’s too, and leaves an issuer’s own', () => {
    const { issuers } = policy({
      standIns: (name) => standIns.jwksOf(name) as { keys: readonly object[] } | undefined,
    });
    expect(issuers['elsewhere']?.keys).toEqual({ from: 'inline', jwks: standIns.jwksOf('elsewhere') });
    expect(issuers['github']?.keys).toEqual({ from: 'inline', jwks: standIns.jwksOf('github') });
    const served = { keys: [{ kty: 'EC' }] };
    const { issuers: forced } = policy({ standIns: () => served });
    expect(forced['elsewhere']?.keys).toEqual({ from: 'inline', jwks: served });
    expect(forced['near']?.keys).toEqual({ from: 'jwksUri', jwksUri: 'http://127.0.0.1:9/keys' });
    expect(forced['loopback']?.keys).toEqual({ from: 'discovery' });
    expect(forced['owned']?.keys).toMatchObject({ from: 'inline', jwks: { keys: [{ kid: 'own' }] } });
    expect(policy().issuers['elsewhere']?.keys).toMatchObject({ from: 'jwksUri' });
  });
});

describe('POST /_local/issuers/{name}/token', () => {
  it('sets claims and removes those that are null', async () => {
    const body = JSON.stringify({ ref: 'refs/heads/x', environment: null, aud: ['a', 'b'] });
    const { status, headers, json } = await ask('POST', '/_local/issuers/github/token', body);
    expect(status).toBe(200);
    expect(Object.fromEntries(headers)).toMatchObject({
      'Content-Type': 'application/json',
      'Cache-Control': 'no-store',
    });
    const claims = decodeJwt(String(json.token));
    expect(claims).toMatchObject({ ref: 'refs/heads/x', aud: ['a', 'b'], repository_id: '456789' });
    expect(claims).not.toHaveProperty('environment');
  });

  it('takes an empty body for no overrides', async () => {
    expect(decodeJwt(String((await ask('POST', '/_local/issuers/github/token')).json.token)).aud).toBe(
      'https://sts.acme.example',
    );
  });

  it.each([['[]'], ['"x"'], ['null'], ['{'], ['{} x']])('refuses the body %s', async (body) => {
    const { status, json } = await ask('POST', '/_local/issuers/github/token', body);
    expect([status, json.error]).toEqual([400, 'invalid_request']);
  });

  it('refuses a body over 64 KiB', async () => {
    const sized = (size: number) => JSON.stringify({ pad: 'x'.repeat(size - 10) });
    expect((await ask('POST', '/_local/issuers/github/token', sized(64 * 1024))).status).toBe(200);
    expect((await ask('POST', '/_local/issuers/github/token', sized(64 * 1024 + 1))).status).toBe(413);
  });

  it.each([
    ['loopback', /loopback/],
    ['near', /on loopback/],
    ['owned', /in the policy/],
    ['nobody', /no issuer of this name/],
  ])('is 404 with the reason for %s', async (name, reason) => {
    const { status, json } = await ask('POST', `/_local/issuers/${name}/token`);
    expect(status).toBe(404);
    expect(json.error_description).toMatch(reason);
  });

  it('is 404 for every issuer with real issuers', async () => {
    const real = await createStandIns(policy(), true);
    const { status, json } = await ask('POST', '/_local/issuers/github/token', '', real);
    expect([status, json.error_description]).toEqual([404, expect.stringContaining('--real-issuers')]);
    expect(real.jwksOf('github')).toBeUndefined();
  });
});

describe('the other /_local routes', () => {
  it('list the issuers and which are stood in for', async () => {
    const { json } = await ask('GET', '/_local/issuers');
    expect(json.issuers).toHaveLength(7);
    expect(json.issuers).toContainEqual({
      name: 'github',
      url: 'https://token.actions.githubusercontent.com',
      audience: ['https://sts.acme.example', 'other'],
      standIn: true,
    });
    expect(json.issuers).toContainEqual(
      expect.objectContaining({ name: 'owned', standIn: false, reason: expect.any(String) }),
    );
  });

  it.each([
    ['GET', '/_local/issuers/github/token', 405],
    ['POST', '/_local/issuers', 405],
    ['GET', '/_local', 404],
    ['POST', '/_local/issuers/a/b/token', 404],
  ])('%s %s is %i in JSON', async (method, path, status) => {
    const answer = await ask(method, path);
    expect([answer.status, answer.json.error]).toEqual([status, 'invalid_request']);
  });
});
