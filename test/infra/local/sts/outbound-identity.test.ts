// GetWebIdentityToken of the local STS, and the function that asks for it: a token of the caller's role, within AWS's limits.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createIdentityToken } from '../../../../shared/aws/identity-token.ts';
import { accountId, admin, lambda, region, stsWorld } from '../emulators.ts';

const at = Date.UTC(2026, 0, 1);
const signed: Readonly<Record<string, unknown>>[] = [];
let federated = true;
let world: Awaited<ReturnType<typeof stsWorld>>;

beforeAll(async () => {
  const signIdentity = async (claims: Readonly<Record<string, unknown>>) => {
    signed.push(claims);
    return federated ? 'header.payload.signature' : undefined;
  };
  world = await stsWorld({ signIdentity, clock: () => at });
});
afterAll(() => world.close());

type Parameters = Readonly<Record<string, string>>;
const valid = {
  Action: 'GetWebIdentityToken',
  'Audience.member.1': 'https://sts.acme.example',
  SigningAlgorithm: 'RS256',
};
const ask = (changes: Parameters = {}, left: readonly string[] = []) => {
  const parameters = Object.entries({ ...valid, ...changes }).filter(([name]) => !left.includes(name));
  return world.raw(Object.fromEntries(parameters));
};

describe('GetWebIdentityToken', () => {
  test('is of the caller’s role, for the audience and the time that were asked for', async () => {
    const options = { audience: 'https://sts.acme.example', keys: () => lambda, clock: () => at };
    const environment = { AWS_REGION: region, AWS_ENDPOINT_URL_STS: world.service.url };
    expect(await createIdentityToken({ ...options, environment })()).toBe('header.payload.signature');
    expect(signed.at(-1)).toEqual({
      aud: 'https://sts.acme.example',
      sub: `arn:aws:iam::${accountId}:role/token-function`,
      iat: at / 1_000,
      exp: at / 1_000 + 300,
      'https://sts.amazonaws.com/': { aws_account: accountId, source_region: region },
    });
    expect(world.calls.at(-1)).toMatchObject({
      action: 'sts:GetWebIdentityToken',
      context: { 'sts:IdentityTokenAudience': 'https://sts.acme.example' },
    });
    const tagged = {
      'Audience.member.2': 'b',
      'Tags.member.1.Key': 'team',
      'Tags.member.1.Value': 'ops',
      DurationSeconds: '60',
    };
    expect((await ask(tagged)).status).toBe(200);
    expect(signed.at(-1)).toMatchObject({
      aud: ['https://sts.acme.example', 'b'],
      exp: at / 1_000 + 60,
      'https://sts.amazonaws.com/': { request_tags: { team: 'ops' } },
    });
  });

  test.each<[string, Parameters, readonly string[], Parameters]>([
    ['no audience', {}, ['Audience.member.1'], {}],
    [
      'an audience that is too long',
      { 'Audience.member.1': 'a'.repeat(1_001) },
      [],
      { 'Audience.member.1': 'a'.repeat(1_000) },
    ],
    ['no algorithm', {}, ['SigningAlgorithm'], {}],
    ['an algorithm that AWS has not', { SigningAlgorithm: 'ES256' }, [], {}],
    ['an algorithm that the stand-in has not', { SigningAlgorithm: 'ES384' }, [], {}],
    ['less than a minute', { DurationSeconds: '59' }, [], { DurationSeconds: '60' }],
    ['more than an hour', { DurationSeconds: '3601' }, [], { DurationSeconds: '3600' }],
    ['a member it does not know', { RoleArn: 'arn:aws:iam::1:role/a' }, [], {}],
  ])('refuses %s', async (_what, bad, left, good) => {
    expect((await ask(bad, left)).code).toBe('ValidationError');
    expect((await ask(good)).status).toBe(200);
  });

  test('is refused where the account has no outbound federation, by that name', async () => {
    const environment = { AWS_REGION: region, AWS_ENDPOINT_URL_STS: world.service.url };
    const identity = createIdentityToken({ audience: 'a', environment, keys: () => admin, clock: () => at });
    expect(await identity()).toBe('header.payload.signature');
    federated = false;
    await expect(identity()).rejects.toMatchObject({ name: 'OutboundWebIdentityFederationDisabledException' });
    federated = true;
  });
});
