// GET /credentials as Lambda calls it: what an SDK sends, what it is answered, and what stays.
import type { Context } from 'aws-lambda';
import { describe, expect, test, vi } from 'vitest';
import { byResource } from '../../../../shared/http/by-resource.ts';
import { credentialsEndpoint } from '../../../../shared/http/endpoints/credentials.ts';
import type { WriteLog } from '../../../../shared/http/log.ts';
import type { ExchangeCapabilities } from '../../../../shared/oauth/capabilities.ts';
import { Refused } from '../../../../shared/oauth/denial.ts';
import { tokenTypes } from '../../../../shared/oauth/token-types.ts';
import type { AllowRule, CompiledPolicy, RoleGrant } from '../../../../shared/policy/compiled-policy.ts';
import {
  apiBase,
  awsCredentials,
  github,
  makeWorld,
  nonces,
  now,
  ordersRule,
  policy,
  subjectToken,
  type World,
} from '../../../world.ts';
import { athOf, makeHolder, proofOf } from '../../oauth/dpop-world.ts';

const arn = 'arn:aws:iam::111122223333:role/ci/deploy';
const grant: RoleGrant = { role: 'deploy', ttl: 3_600, tags: [], transitive: [], policyArns: [] };
const rule: AllowRule<RoleGrant> = { ...ordersRule, id: 'deploy-main', grant };
const served: CompiledPolicy = {
  ...policy,
  roles: {
    deploy: { name: 'deploy', arn, via: 'assume-role', ttl: 3_600, maxTtl: 3_600 },
    other: { name: 'other', arn: `${arn}-other`, via: 'assume-role', ttl: 3_600, maxTtl: 3_600 },
  },
  rules: [...policy.rules, rule],
};

interface Call {
  readonly roles?: readonly string[];
  readonly authorization?: string | undefined;
  readonly headers?: Readonly<Record<string, readonly string[]>>;
  readonly cambio?: Partial<ExchangeCapabilities>;
  readonly policy?: CompiledPolicy;
}

async function call(options: Call = {}) {
  const { roles = ['deploy'], authorization = subjectToken(), headers = {}, cambio = {} } = options;
  const world: World = makeWorld(cambio, options.policy ?? served);
  const lines: unknown[] = [];
  const write: WriteLog = (level, message, fields) => void lines.push([level, message, fields]);
  const handler = credentialsEndpoint(world.cambio, { write, newId: () => 'decision-7', clock: Date.now });
  const sent = {
    resource: '/credentials',
    multiValueHeaders: { ...(authorization !== '' && { Authorization: [authorization] }), ...headers },
    multiValueQueryStringParameters: roles.length > 0 ? { role: roles } : null,
    requestContext: { requestId: 'request-1', identity: { sourceIp: '192.0.2.1' } },
  };
  const response = await byResource({ '/credentials': handler })(sent as never, {} as Context);
  return { ...response, body: JSON.parse(response.body) as Record<string, unknown>, world, lines };
}

describe('GET /credentials', () => {
  test('answers what the container credential provider reads, and nobody stores it', async () => {
    const { statusCode, headers, body } = await call();
    expect(statusCode).toBe(200);
    expect(headers).toMatchObject({ 'Content-Type': 'application/json', 'Cache-Control': 'no-store' });
    expect(body).toEqual({
      AccessKeyId: awsCredentials.accessKeyId,
      SecretAccessKey: awsCredentials.secretAccessKey,
      Token: awsCredentials.sessionToken,
      Expiration: new Date((now + 900) * 1_000).toISOString().replace('.000Z', 'Z'),
      AccountId: '111122223333',
      RoleArn: arn,
    });
  });

  test.each<[string, Call]>([
    ['a scheme before the token', { authorization: `Bearer ${subjectToken()}` }],
    ['the scheme in another case', { authorization: `bearer   ${subjectToken()}` }],
    ['the role’s ARN', { roles: [arn] }],
  ])('takes %s', async (_what, options) => {
    expect((await call(options)).statusCode).toBe(200);
  });

  test.each<[string, Call, number, string, string]>([
    ['no role', { roles: [] }, 400, 'invalid_request', 'malformed'],
    ['an empty role', { roles: [''] }, 400, 'invalid_request', 'malformed'],
    ['two roles', { roles: ['deploy', 'deploy'] }, 400, 'invalid_request', 'malformed'],
    ['no token', { authorization: '' }, 401, 'invalid_request', 'malformed'],
    ['a scheme without token', { authorization: 'Bearer ' }, 401, 'invalid_request', 'malformed'],
    ['what is no token', { authorization: 'Basic YTpi' }, 401, 'invalid_request', 'malformed'],
    ['an expired token', { authorization: subjectToken({ exp: now - 1 }) }, 401, 'invalid_request', 'expired'],
    [
      'a token of another issuer',
      { authorization: subjectToken({ iss: 'https://x' }) },
      401,
      'invalid_request',
      'issuer',
    ],
    ['a proof it cannot keep', { headers: { DPoP: ['x'] } }, 401, 'invalid_dpop_proof', 'binding'],
    ['an unknown role', { roles: ['deplow'] }, 403, 'invalid_target', 'target'],
    ['an unknown ARN', { roles: [`${arn}-none`] }, 403, 'invalid_target', 'target'],
    ['what is no ARN', { roles: ['arn:aws:iam::role with spaces'] }, 403, 'invalid_target', 'target'],
    ['a role nobody grants', { roles: ['other'] }, 403, 'invalid_target', 'no_rule'],
    ['an audience', { roles: ['orders-api'] }, 403, 'invalid_request', 'type'],
    ['another branch', { authorization: subjectToken({ ref: 'x' }) }, 403, 'invalid_target', 'no_rule'],
  ])('refuses %s', async (_what, options, status, code, reason) => {
    const { statusCode, headers, body, world, lines } = await call(options);
    expect([statusCode, body['code']]).toEqual([status, code]);
    expect(body).toEqual({ code, message: expect.any(String), decision_id: 'decision-7' });
    expect(headers?.['Cache-Control']).toBe('no-store');
    expect(headers?.['WWW-Authenticate']).toBe(status === 401 ? 'Bearer' : undefined);
    expect(world.records).toMatchObject([{ ending: { outcome: 'refused', error: code, reason } }]);
    expect(lines).toMatchObject([['info', 'aws_credentials', { reason }]]);
    expect(world.sessions).toEqual([]);
  });

  test('of a bound token are had with proof of its key for this URL, and the challenge tells the nonce', async () => {
    const holder = await makeHolder();
    const bound = subjectToken({ cnf: { jkt: holder.jkt } });
    const claims = { htm: 'GET', htu: `${apiBase}/credentials`, ath: athOf(bound) };
    const proven = (changes: object) =>
      call({ authorization: `DPoP ${bound}`, headers: { DPoP: [proofOf(holder, { ...claims, ...changes })] } });
    const granted = await proven({});
    expect([granted.statusCode, granted.headers?.['DPoP-Nonce']]).toEqual([200, nonces.current]);
    const asked = await proven({ nonce: undefined });
    expect([asked.statusCode, asked.body['code']]).toEqual([401, 'use_dpop_nonce']);
    expect(asked.headers).toMatchObject({
      'DPoP-Nonce': nonces.current,
      'WWW-Authenticate': 'DPoP error="use_dpop_nonce"',
    });
    for (const changes of [{ htm: 'POST' }, { htu: `${apiBase}/token` }, { ath: undefined }]) {
      const { statusCode, body } = await proven(changes);
      expect([statusCode, body['code']]).toEqual([401, 'invalid_dpop_proof']);
    }
    expect((await call({ authorization: bound })).body['code']).toBe('invalid_request');
  });

  test.each([
    ['github|repo:acme@1/api@456789:ref:refs/heads/main', 401],
    ['github|another', 200],
  ])('of a revoked subject is 401 and of no other: %s', async (value, status) => {
    const revocation = { by: 'subject', value, issuedBefore: now, expiresAt: now + 1 } as const;
    const { statusCode, world } = await call({
      cambio: { findHolds: async () => ({ revocations: [revocation], suspensions: [] }) },
    });
    expect([statusCode, world.sessions.length]).toEqual([status, status === 200 ? 1 : 0]);
  });

  test('says the same of every token that is not acceptable, and of every role that is not to be had', async () => {
    const said = async (...calls: readonly Call[]) =>
      new Set(await Promise.all(calls.map(async (each) => (await call(each)).body['message'])));
    const expired = { authorization: subjectToken({ exp: now - 1 }) };
    expect((await said(expired, { authorization: subjectToken({ iss: 'https://x' }) })).size).toBe(1);
    expect((await said({ roles: ['none'] }, { roles: ['other'] }, { roles: ['orders-api'] })).size).toBe(1);
  });

  test.each<[string, ConstructorParameters<typeof Refused>[0], number, string]>([
    ['STS refuses', { kind: 'sts', code: 'AccessDenied', detail: undefined }, 403, 'invalid_target'],
    ['STS is not there', { kind: 'unavailable', dependency: 'sts' }, 503, 'temporarily_unavailable'],
  ])('while %s answers so', async (_what, denial, status, code) => {
    const { statusCode, headers, body } = await call({
      cambio: { assumeRole: () => Promise.reject(new Refused(denial)) },
    });
    expect([statusCode, body['code'], headers?.['Retry-After']]).toEqual([
      status,
      code,
      status === 503 ? '1' : undefined,
    ]);
    expect((await call()).statusCode).toBe(200);
  });

  test('answers 500 to what nobody expected, without its words', async () => {
    const { statusCode, body, lines } = await call({
      cambio: { assumeRole: () => Promise.reject(new TypeError('CANARY')) },
    });
    expect([statusCode, body['code']]).toEqual([500, 'server_error']);
    expect(JSON.stringify([body, lines])).not.toContain('CANARY');
  });

  const never = () => new Promise<never>(() => {});
  test.each<[string, Call]>([
    ['STS hangs', { cambio: { assumeRole: never } }],
    ['an issuer hangs', { cambio: { findIssuerKey: never } }],
    ['the store hangs', { cambio: { recordDecision: never } }],
    [
      'the store hangs over a refusal',
      { cambio: { recordDecision: never }, authorization: subjectToken({ ref: 'x' }) },
    ],
  ])('has given up within 0.9 s, before an SDK does, where %s', async (_what, options) => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const pending = call(options);
    await vi.advanceTimersByTimeAsync(900);
    vi.useRealTimers();
    const slow = await pending;
    expect([slow.statusCode, slow.body['code']]).toEqual([503, 'temporarily_unavailable']);
    expect(JSON.stringify(slow.lines)).toContain('"dependency":"deadline"');
  });

  test('writes nothing of credentials and tokens', async () => {
    const token = subjectToken();
    const { lines, world } = await call({ authorization: token });
    const written = JSON.stringify([lines, world.records]);
    for (const secret of [...Object.values(awsCredentials), ...token.split('.')]) expect(written).not.toContain(secret);
  });

  test('takes tokens of issuers whose tokens are of another kind only', async () => {
    const idTokens = { ...served, issuers: { github: { ...github, tokenTypes: [tokenTypes.idToken] } } };
    expect((await call({ policy: idTokens })).statusCode).toBe(200);
    const own = { ...served, issuers: { github: { ...github, tokenTypes: [tokenTypes.accessToken] } } };
    expect((await call({ policy: own, authorization: subjectToken({}, { typ: 'at+jwt' }) })).statusCode).toBe(200);
    expect((await call({ policy: own, authorization: subjectToken({}, { typ: 'dpop+jwt' }) })).statusCode).toBe(401);
    expect((await call({ policy: idTokens, authorization: 'garbage' })).statusCode).toBe(401);
  });

  test('serves no other resource', () => {
    const handler = async () => ({ statusCode: 200, body: '' });
    const event = (resource: string) => ({ resource }) as never;
    expect(() => byResource({ '/a': handler })(event('/b'), {} as Context)).toThrow('no endpoint serves /b');
    expect(byResource({ '/a': handler })(event('/a'), {} as Context)).toBeInstanceOf(Promise);
  });
});
