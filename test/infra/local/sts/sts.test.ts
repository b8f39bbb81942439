import { createHash } from 'node:crypto';
import { AssumeRoleCommand, type AssumeRoleCommandInput, GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { accountId, admin, adminArn, errorName, lambda, lambdaArn, root, stsWorld } from '../emulators.ts';

const clock = { now: Date.UTC(2026, 0, 1) };
const roleArn = (name: string, account = accountId) => `arn:aws:iam::${account}:role/${name}`;
const sessionArn = (role: string, session: string) => `arn:aws:sts::${accountId}:assumed-role/${role}/${session}`;

/** Its trust changes within one test. */
const own = { arn: roleArn('own'), trusts: [] as string[] };
const roles = [
  own,
  { arn: roleArn('deploy'), trusts: [adminArn, roleArn('token-function')], maxSessionDuration: 43_200 },
  { arn: roleArn('ci/deploy-short'), trusts: [adminArn] },
  { arn: roleArn('partner', '999999999999'), trusts: [`arn:aws:iam::${accountId}:root`], externalId: 'acme-7' },
  { arn: roleArn('next'), trusts: [roleArn('deploy')], maxSessionDuration: 43_200 },
  { arn: roleArn('untagged'), trusts: ['*'], allows: ['sts:AssumeRole'] as const },
];

let world: Awaited<ReturnType<typeof stsWorld>>;

beforeAll(async () => {
  world = await stsWorld({ roles, clock: () => clock.now });
});
beforeEach(() => {
  world.calls.splice(0);
});
afterAll(() => world.close());

type Credentials = { readonly accessKeyId: string; readonly secretAccessKey: string; readonly sessionToken?: string };

function assume(input: Partial<AssumeRoleCommandInput>, credentials: Credentials = admin) {
  const command = new AssumeRoleCommand({ RoleArn: roleArn('deploy'), RoleSessionName: 'job-1', ...input });
  return world.clientOf(credentials).send(command);
}

async function session(input: Partial<AssumeRoleCommandInput>, credentials?: Credentials): Promise<Credentials> {
  const { Credentials: { AccessKeyId = '', SecretAccessKey = '', SessionToken = '' } = {} } = await assume(
    input,
    credentials,
  );
  return { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken };
}

const whoIs = (credentials: Credentials) => world.clientOf(credentials).send(new GetCallerIdentityCommand({}));

const message = (promise: Promise<unknown>) =>
  promise.then(
    () => 'none',
    (error: Error) => error.message,
  );

describe('AssumeRole', () => {
  it('answers temporary credentials in their AWS shape', async () => {
    const { Credentials, AssumedRoleUser, PackedPolicySize } = await assume({ DurationSeconds: 900 });
    expect(Credentials).toMatchObject({
      AccessKeyId: expect.stringMatching(/^ASIA[A-Z2-7]{16}$/),
      SecretAccessKey: expect.stringMatching(/^[A-Za-z0-9+/]{40}$/),
      SessionToken: expect.stringMatching(/^[A-Za-z0-9+/=]{400,}$/),
      Expiration: new Date(clock.now + 900_000),
    });
    expect(AssumedRoleUser).toEqual({
      Arn: sessionArn('deploy', 'job-1'),
      AssumedRoleId: expect.stringMatching(/^AROA[A-Z2-7]{17}:job-1$/),
    });
    expect(PackedPolicySize).toBeUndefined();
  });

  it('lasts an hour by default', async () => {
    const { Credentials } = await assume({});
    expect(Credentials?.Expiration).toEqual(new Date(clock.now + 3_600_000));
  });

  it("leaves the role's path out of the session's ARN", async () => {
    const { AssumedRoleUser } = await assume({ RoleArn: roleArn('ci/deploy-short') });
    expect(AssumedRoleUser?.Arn).toBe(sessionArn('deploy-short', 'job-1'));
  });

  it('is refused for roles that do not exist, in the words of AWS', async () => {
    expect(await errorName(assume({}))).toBe('none');
    const failure = await assume({ RoleArn: roleArn('nobody') }).catch((error: unknown) => error);
    expect(failure).toMatchObject({ name: 'AccessDenied', $metadata: { httpStatusCode: 403 } });
    expect(failure).toHaveProperty(
      'message',
      `User: ${adminArn} is not authorized to perform: sts:AssumeRole on resource: ${roleArn('nobody')}`,
    );
  });

  it('is refused to whom the role does not trust', async () => {
    expect(await errorName(assume({ RoleArn: roleArn('ci/deploy-short') }, admin))).toBe('none');
    expect(await errorName(assume({ RoleArn: roleArn('ci/deploy-short') }, lambda))).toBe('AccessDenied');
  });

  it('trusts the sessions of a role by its whole name, in its own account', async () => {
    const by = (trusted: string, credentials: Credentials) => {
      own.trusts = [trusted];
      return errorName(assume({ RoleArn: own.arn }, credentials));
    };
    expect(await by(roleArn('token-function'), lambda)).toBe('none');
    expect(await by(lambdaArn, lambda)).toBe('none');
    expect(await by(roleArn('token'), lambda)).toBe('AccessDenied');
    expect(await by(roleArn('token-function', '999999999999'), lambda)).toBe('AccessDenied');
    const issued = await session({ RoleArn: roleArn('ci/deploy-short') });
    expect(await by(roleArn('ci/deploy-short'), issued)).toBe('none');
    expect(await by(roleArn('deploy-short'), issued)).toBe('AccessDenied');
  });

  it('is refused to the root user', async () => {
    const RoleArn = roleArn('partner', '999999999999');
    expect(await errorName(assume({ RoleArn, ExternalId: 'acme-7' }, admin))).toBe('none');
    expect(await message(assume({ RoleArn, ExternalId: 'acme-7' }, root))).toContain('root accounts');
  });

  it('needs the external id the role demands', async () => {
    const RoleArn = roleArn('partner', '999999999999');
    expect(await errorName(assume({ RoleArn, ExternalId: 'acme-7' }))).toBe('none');
    expect(await errorName(assume({ RoleArn, ExternalId: 'acme-8' }))).toBe('AccessDenied');
    expect(await errorName(assume({ RoleArn }))).toBe('AccessDenied');
  });

  it("lasts no longer than the role's maximum", async () => {
    const RoleArn = roleArn('ci/deploy-short');
    expect(await errorName(assume({ RoleArn, DurationSeconds: 3600 }))).toBe('none');
    expect(await message(assume({ RoleArn, DurationSeconds: 3601 }))).toBe(
      'The requested DurationSeconds exceeds the MaxSessionDuration set for this role.',
    );
  });

  it('lasts no longer than an hour when a role session asks', async () => {
    expect(await errorName(assume({ DurationSeconds: 43_200 }, admin))).toBe('none');
    expect(await errorName(assume({ DurationSeconds: 3600 }, lambda))).toBe('none');
    expect(await message(assume({ DurationSeconds: 3601 }, lambda))).toBe(
      'The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining',
    );
    const chained = await session({});
    const next = { RoleArn: roleArn('next') };
    expect(await errorName(assume({ ...next, DurationSeconds: 3600 }, chained))).toBe('none');
    expect(await errorName(assume({ ...next, DurationSeconds: 3601 }, chained))).toBe('ValidationError');
  });

  it('needs the trust for tags and for a source identity', async () => {
    const RoleArn = roleArn('untagged');
    const Tags = [{ Key: 'repo', Value: 'acme/shop' }];
    expect(await errorName(assume({ RoleArn }))).toBe('none');
    expect(await errorName(assume({ Tags, SourceIdentity: 'ada' }))).toBe('none');
    expect(await message(assume({ RoleArn, Tags }))).toContain('sts:TagSession');
    expect(await message(assume({ RoleArn, SourceIdentity: 'ada' }))).toContain('sts:SetSourceIdentity');
  });

  it('says how much of the packed policy is taken, and refuses what is too large', async () => {
    const Statement = [{ Effect: 'Allow', Action: 's3:GetObject', Resource: '*' }];
    const { PackedPolicySize } = await assume({ Policy: JSON.stringify({ Version: '2012-10-17', Statement }) });
    expect(PackedPolicySize).toBeGreaterThan(0);
    expect(PackedPolicySize).toBeLessThan(20);
    const noise = (index: number) => createHash('sha512').update(`${index}`).digest('hex');
    const Tags = Array.from({ length: 50 }, (_, index) => ({ Key: `tag${index}`, Value: noise(index) }));
    expect(await errorName(assume({ Tags: Tags.slice(0, 2) }))).toBe('none');
    expect(await errorName(assume({ Tags }))).toMatch(/^PackedPolicyTooLarge/);
  });

  it('pads the session token to the size that is asked for', async () => {
    const small = await session({});
    const large = await world.raw({
      Action: 'AssumeRole',
      RoleArn: roleArn('deploy'),
      RoleSessionName: 'job',
      MinimumSessionTokenSize: '4096',
    });
    const [, token = ''] = /<SessionToken>([^<]+)</.exec(large.text) ?? [];
    expect(small.sessionToken?.length).toBeLessThan(1000);
    expect(token.length).toBeGreaterThanOrEqual(4096);
  });
});

describe('a chain of role sessions', () => {
  const RoleArn = roleArn('next');
  const Tags = [
    { Key: 'Repo', Value: 'acme/shop' },
    { Key: 'env', Value: 'prod' },
  ];

  it('hands on transitive tags, which nobody may set again', async () => {
    const first = await session({ Tags, TransitiveTagKeys: ['repo'] });
    expect(await errorName(assume({ RoleArn, Tags: [{ Key: 'env', Value: 'dev' }] }, first))).toBe('none');
    expect(await message(assume({ RoleArn, Tags: [{ Key: 'REPO', Value: 'evil/fork' }] }, first))).toBe(
      "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session.",
    );
    world.calls.splice(0);
    await assume({ RoleArn }, first);
    expect(world.calls.map(({ action, context }) => [action, context['aws:RequestTag/Repo']])).toEqual([
      ['sts:AssumeRole', 'acme/shop'],
      ['sts:TagSession', 'acme/shop'],
    ]);
  });

  it('keeps its source identity', async () => {
    const first = await session({ SourceIdentity: 'ada' });
    expect((await assume({ RoleArn }, first)).SourceIdentity).toBe('ada');
    expect((await assume({ RoleArn, SourceIdentity: 'ada' }, first)).SourceIdentity).toBe('ada');
    expect(await message(assume({ RoleArn, SourceIdentity: 'eve' }, first))).toContain('sts:SetSourceIdentity');
  });
});

describe('GetCallerIdentity', () => {
  it('knows users, functions and its own sessions', async () => {
    expect(await whoIs(admin)).toMatchObject({ Account: accountId, Arn: adminArn });
    expect(await whoIs(lambda)).toMatchObject({ Account: accountId, Arn: lambdaArn });
    const { AssumedRoleUser } = await assume({ RoleSessionName: 'me' });
    const issued = await session({ RoleSessionName: 'me' });
    expect(await whoIs(issued)).toMatchObject({
      Account: accountId,
      Arn: sessionArn('deploy', 'me'),
      UserId: AssumedRoleUser?.AssumedRoleId,
    });
    expect(world.service.principalOf(issued.accessKeyId)).toBe(sessionArn('deploy', 'me'));
  });

  it('refuses a session without its token, with another one, and after its time', async () => {
    const { sessionToken, ...pair } = await session({ DurationSeconds: 900 });
    const whole = { ...pair, ...(sessionToken ? { sessionToken } : {}) };
    expect(await errorName(whoIs(whole))).toBe('none');
    expect(await errorName(whoIs(pair))).toBe('InvalidClientTokenId');
    expect(await errorName(whoIs({ ...pair, sessionToken: 'other' }))).toBe('InvalidClientTokenId');
    clock.now += 899_999;
    expect(await errorName(whoIs(whole))).toBe('none');
    clock.now += 1;
    expect(await errorName(whoIs(whole))).toMatch(/^ExpiredToken/);
  });
});

describe('the local STS', () => {
  it('records who assumes which role under which conditions', async () => {
    await assume({
      ExternalId: 'x1',
      Tags: [{ Key: 'env', Value: 'prod' }],
      TransitiveTagKeys: ['env'],
      SourceIdentity: 'ada',
    });
    expect(world.calls.map(({ action }) => action)).toEqual([
      'sts:AssumeRole',
      'sts:TagSession',
      'sts:SetSourceIdentity',
    ]);
    expect(world.calls[0]).toEqual({
      at: clock.now,
      service: 'sts',
      principal: adminArn,
      action: 'sts:AssumeRole',
      resource: roleArn('deploy'),
      context: {
        'sts:RoleSessionName': 'job-1',
        'sts:ExternalId': 'x1',
        'sts:SourceIdentity': 'ada',
        'aws:RequestTag/env': 'prod',
        'aws:TagKeys': 'env',
        'sts:TransitiveTagKeys': 'env',
      },
    });
  });

  it('fails as told before it works', async () => {
    world.faults.inject = () => ({ code: 'ServiceUnavailable', status: 503 });
    const failure = await assume({}).catch((error: unknown) => error);
    expect(failure).toMatchObject({ name: 'ServiceUnavailable', $metadata: { httpStatusCode: 503 } });
    world.faults.inject = () => undefined;
    expect(await errorName(assume({}))).toBe('none');
  });
});
