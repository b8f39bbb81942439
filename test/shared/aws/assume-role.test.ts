// AssumeRole and AssumeRoleWithWebIdentity against the local STS, signed by hand and by the SDK: what is asked, how it fails.
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { exportJWK, type JWTPayload, SignJWT } from 'jose';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { AssumableRole, StsAction } from '../../../infra/local/sts/assume-role.ts';
import { type CallSts, createAssumeRole } from '../../../shared/aws/assume-role.ts';
import { stsDirectly } from '../../../shared/aws/direct/sts.ts';
import { stsBySdk } from '../../../shared/aws/sdk/sts.ts';
import { Refused } from '../../../shared/oauth/denial.ts';
import { oauthError } from '../../../shared/oauth/oauth-error.ts';
import type { RoleSession } from '../../../shared/oauth/role-session/role-session.ts';
import type { Role } from '../../../shared/policy/compiled-policy.ts';
import { accountId, lambda, lambdaArn, region, stsWorld } from '../../infra/local/emulators.ts';

const arn = (name: string) => `arn:aws:iam::${accountId}:role/${name}`;
const role: Role = {
  name: 'deploy',
  arn: arn('deploy'),
  externalId: 'acme-7',
  via: 'assume-role',
  ttl: 900,
  maxTtl: 900,
};
const session: RoleSession = {
  role,
  name: 'github-acme-api=0123456789abcdef',
  durationSeconds: 900,
  tags: [
    { key: 'repo', value: 'acme/api' },
    { key: 'env', value: 'prod' },
  ],
  dropped: [],
  transitive: ['repo'],
  sourceIdentity: 'octocat',
  policy: '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}',
  policyArns: ['arn:aws:iam::aws:policy/ReadOnlyAccess'],
};
const plain: RoleSession = {
  ...session,
  tags: [],
  transitive: [],
  sourceIdentity: undefined,
  policy: undefined,
  policyArns: [],
};

const issuer = { url: '' };
const roles: AssumableRole[] = [];
const oidcProviders: { url: string; audiences: string[] }[] = [];
let world: Awaited<ReturnType<typeof stsWorld>>;
let provider: Awaited<ReturnType<typeof startProvider>>;
let assumeRole: ReturnType<typeof createAssumeRole>;

beforeAll(async () => {
  provider = await startProvider();
  issuer.url = provider.url;
  oidcProviders.push({ url: provider.url, audiences: ['sts.amazonaws.com'] });
  world = await stsWorld({ roles, oidcProviders });
});
beforeEach(() => {
  const federation = { issuer: provider.url, subject: 'role:web' };
  roles.splice(0, roles.length, trusting(), { arn: arn('web'), trusts: [], federation, maxSessionDuration: 43_200 });
  world.calls.splice(0);
});
afterEach(() => {
  world.faults.inject = () => undefined;
});
afterAll(async () => {
  await world.close();
  provider.close();
});

function trusting(changes: Partial<AssumableRole> = {}): AssumableRole {
  return { arn: role.arn, trusts: [lambdaArn], externalId: 'acme-7', ...changes };
}

const ways: [string, () => CallSts][] = [
  ['signed by hand', () => stsDirectly({ environment: environment(), clock: Date.now, random: () => 0.01 })],
  ['by the SDK', () => stsBySdk(world.clientOf(lambda))],
];

/** As Lambda has it. */
function environment() {
  const { accessKeyId, secretAccessKey, sessionToken } = lambda;
  const keys = { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey };
  return { ...keys, AWS_SESSION_TOKEN: sessionToken, AWS_REGION: region, AWS_ENDPOINT_URL_STS: world.service.url };
}

/** `made`, or error, reason, and code or dependency. */
async function outcomeOf(asked: RoleSession, webIdentity?: string): Promise<string> {
  try {
    await assumeRole(asked, webIdentity);
    return 'made';
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    const { denial } = error;
    const { error: code, reason } = oauthError(denial);
    if (denial.kind === 'sts') return `${code} ${reason} ${denial.code}`;
    return `${code} ${reason} ${denial.kind === 'unavailable' ? denial.dependency : ''}`;
  }
}

describe.each(ways)('%s', (_way, calls) => {
  beforeAll(() => {
    assumeRole = createAssumeRole(calls());
  });

  describe('AssumeRole', () => {
    test('asks for exactly the session, and answers its credentials and how full its space is', async () => {
      const before = Date.now();
      const { credentials, packedPolicySize } = await assumeRole(session, undefined);
      expect(credentials).toMatchObject({
        accessKeyId: expect.stringMatching(/^ASIA/),
        secretAccessKey: expect.any(String),
        sessionToken: expect.any(String),
      });
      expect(credentials.expiration - before / 1_000).toBeGreaterThan(890);
      expect(credentials.expiration - before / 1_000).toBeLessThan(910);
      expect(packedPolicySize).toBeGreaterThan(0);
      expect(world.calls.map(({ action }) => action)).toEqual([
        'sts:AssumeRole',
        'sts:TagSession',
        'sts:SetSourceIdentity',
      ]);
      expect(world.calls[0]).toMatchObject({
        resource: role.arn,
        principal: lambdaArn,
        context: {
          'sts:RoleSessionName': session.name,
          'sts:ExternalId': 'acme-7',
          'sts:SourceIdentity': 'octocat',
          'aws:RequestTag/repo': 'acme/api',
          'aws:RequestTag/env': 'prod',
          'sts:TransitiveTagKeys': 'repo',
        },
      });
    });

    test('asks for nothing that the session does not have', async () => {
      expect((await assumeRole(plain, undefined)).packedPolicySize).toBeUndefined();
      expect(world.calls.map(({ action, context }) => [action, Object.keys(context)])).toEqual([
        ['sts:AssumeRole', ['sts:RoleSessionName', 'sts:ExternalId']],
      ]);
    });

    test.each<[string, Partial<RoleSession>, Partial<AssumableRole>, string]>([
      ['the role does not trust us', {}, { trusts: [] }, 'AccessDenied'],
      ['the role is not there', {}, { arn: arn('other') }, 'AccessDenied'],
      ['the external id is another', {}, { externalId: 'acme-8' }, 'AccessDenied'],
      ['the role does not take tags', {}, { allows: ['sts:AssumeRole', 'sts:SetSourceIdentity'] }, 'AccessDenied'],
      [
        'the role does not take a source identity',
        {},
        { allows: ['sts:AssumeRole', 'sts:TagSession'] },
        'AccessDenied',
      ],
      ['the session is longer than a chain', { durationSeconds: 3_601 }, {}, 'ValidationError'],
      ['the policy is none', { policy: '{"Version":"2012-10-17"}' }, {}, 'MalformedPolicyDocument'],
      ['a tag is none', { tags: [{ key: 'repo', value: 'a*' }] }, {}, 'ValidationError'],
      ['a transitive key has no tag', { transitive: ['none'] }, {}, 'InvalidParameterValue'],
    ])('is refused when %s, and made when not', async (_what, changes, trust, code) => {
      expect(await outcomeOf(session)).toBe('made');
      roles.splice(0, 1, trusting(trust));
      expect(await outcomeOf({ ...session, ...changes })).toBe(`invalid_target sts ${code}`);
    });

    test('is refused when tags and policies are too large together, and never asked for with less', async () => {
      const noise = randomBytes(1_300).toString('base64');
      const policy = JSON.stringify({
        Version: '2012-10-17',
        Statement: { Sid: 'a', Effect: 'Allow', Action: 's3:*', Resource: noise },
      });
      expect(await outcomeOf({ ...session, policy })).toBe('invalid_target sts PackedPolicyTooLarge');
      expect(world.calls.filter(({ action }) => action === 'sts:AssumeRole')).toHaveLength(1);
      expect(await outcomeOf(session)).toBe('made');
    });

    test.each<[string, string, number]>([
      ['throttles', 'Throttling', 400],
      ['is throttled by its own word', 'ThrottlingException', 429],
      ['is broken', 'InternalFailure', 500],
      ['is unavailable', 'ServiceUnavailable', 503],
      ['does not know our credentials', 'InvalidClientTokenId', 403],
      ['finds our credentials expired', 'ExpiredToken', 403],
      ['finds our signature wrong', 'SignatureDoesNotMatch', 403],
      ['says what nobody knows', 'Unheard', 400],
    ])('is unavailable while STS %s', async (_what, code, status) => {
      world.faults.inject = () => ({ code, status });
      expect(await outcomeOf(session)).toBe('temporarily_unavailable unavailable sts');
      world.faults.inject = () => undefined;
      expect(await outcomeOf(session)).toBe('made');
    });

    test('a refusal of a region that is off is the target’s', async () => {
      world.faults.inject = () => ({ code: 'RegionDisabledException', status: 403 });
      expect(await outcomeOf(session)).toBe('invalid_target sts RegionDisabled');
    });

    test('a refusal keeps what STS said of principals, and nothing that quotes the request', async () => {
      const denialOf = (asked: RoleSession): Promise<unknown> =>
        assumeRole(asked, undefined).catch((error: Refused) => ({ denial: error.denial, cause: error.cause }));
      roles.splice(0, 1, trusting({ trusts: [] }));
      expect(await denialOf(session)).toMatchObject({
        denial: { detail: expect.stringContaining('is not authorized to perform') },
      });
      roles.splice(0, 1, trusting());
      const quoted = await denialOf({ ...session, tags: [{ key: 'repo', value: 'CANARY*' }] });
      expect(quoted).toEqual({ denial: { kind: 'sts', code: 'ValidationError', detail: undefined }, cause: undefined });
    });
  });

  describe('AssumeRoleWithWebIdentity', () => {
    const web: RoleSession = {
      ...plain,
      role: { name: 'web', arn: arn('web'), via: 'web-identity', ttl: 900, maxTtl: 43_200 },
    };
    const tagged = {
      'https://aws.amazon.com/tags': { principal_tags: { repo: ['acme/api'] }, transitive_tag_keys: ['repo'] },
      'https://aws.amazon.com/source_identity': 'octocat',
    };
    const allowing = (...allows: StsAction[]) => {
      const federation = { issuer: provider.url, subject: 'role:web' };
      roles.splice(0, roles.length, { arn: arn('web'), trusts: [], federation, maxSessionDuration: 43_200, allows });
    };

    test('is made of a token alone, up to the role’s twelve hours, and is no chain', async () => {
      const { credentials } = await assumeRole({ ...web, durationSeconds: 43_200 }, await provider.token(tagged));
      expect(credentials.expiration - Date.now() / 1_000).toBeGreaterThan(43_000);
      expect(world.calls.map(({ action, principal }) => [action, principal])).toEqual([
        ['sts:AssumeRoleWithWebIdentity', 'web-identity'],
      ]);
    });

    test.each<[string, JWTPayload, string]>([
      ['another audience', { aud: 'other' }, 'InvalidIdentityToken'],
      ['another issuer', { iss: 'https://other.example' }, 'InvalidIdentityToken'],
      ['the subject of another role', { sub: 'role:other' }, 'AccessDenied'],
      ['an expiry that has passed', { exp: 1 }, 'ExpiredToken'],
      [
        'a tag that is none',
        { 'https://aws.amazon.com/tags': { principal_tags: { repo: ['a*'] } } },
        'InvalidIdentityToken',
      ],
      [
        'a tag of two values',
        { 'https://aws.amazon.com/tags': { principal_tags: { repo: ['a', 'b'] } } },
        'InvalidIdentityToken',
      ],
    ])('is refused for a token with %s', async (_what, claims, code) => {
      expect(await outcomeOf(web, await provider.token(tagged))).toBe('made');
      expect(await outcomeOf(web, await provider.token({ ...tagged, ...claims }))).toBe(`invalid_target sts ${code}`);
    });

    test('needs the trust for tags and for a source identity', async () => {
      allowing('sts:AssumeRoleWithWebIdentity');
      expect(await outcomeOf(web, await provider.token({}))).toBe('made');
      expect(await outcomeOf(web, await provider.token(tagged))).toBe('invalid_target sts AccessDenied');
      allowing('sts:AssumeRoleWithWebIdentity', 'sts:TagSession');
      expect(await outcomeOf(web, await provider.token(tagged))).toBe('invalid_target sts AccessDenied');
      allowing('sts:AssumeRoleWithWebIdentity', 'sts:TagSession', 'sts:SetSourceIdentity');
      expect(await outcomeOf(web, await provider.token(tagged))).toBe('made');
    });

    test('is unavailable, and not refused, while STS cannot reach the issuer', async () => {
      const token = await provider.token({});
      provider.fail = true;
      expect(await outcomeOf(web, token)).toBe('temporarily_unavailable unavailable sts');
      provider.fail = false;
      expect(await outcomeOf(web, token)).toBe('made');
    });

    test('is so too where STS says it in the words of a bad token, which it does when keys come too late', async () => {
      const fault = { code: 'InvalidIdentityToken', status: 400 };
      const late =
        "Couldn't retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity documentation for requirements";
      world.faults.inject = () => ({ ...fault, message: late });
      expect(await outcomeOf(web, await provider.token({}))).toBe('temporarily_unavailable unavailable sts');
      world.faults.inject = () => ({ ...fault, message: 'No OpenIDConnect provider found in your account' });
      expect(await outcomeOf(web, await provider.token({}))).toBe('invalid_target sts InvalidIdentityToken');
    });
  });
});

/** An OIDC provider on loopback with one key. */
async function startProvider() {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const jwks = { keys: [{ ...(await exportJWK(publicKey)), kid: 'k', alg: 'ES256', use: 'sig' }] };
  const state = { fail: false };
  const server = createServer(({ url = '' }, response) => {
    response.statusCode = state.fail ? 500 : 200;
    response.end(
      JSON.stringify(state.fail ? {} : url === '/jwks' ? jwks : { issuer: base(), jwks_uri: `${base()}/jwks` }),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const base = (): string => `http://127.0.0.1:${(server.address() as { port: number }).port}`;
  const token = (changes: JWTPayload): Promise<string> => {
    const now = Math.floor(Date.now() / 1_000);
    const claims = { iss: base(), sub: 'role:web', aud: 'sts.amazonaws.com', iat: now, exp: now + 300, ...changes };
    return new SignJWT(claims).setProtectedHeader({ alg: 'ES256', typ: 'JWT', kid: 'k' }).sign(privateKey);
  };
  return Object.assign(state, { url: base(), token, close: () => void server.close() });
}
