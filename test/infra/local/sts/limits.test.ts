// Every limit of the local STS, each beside a request that differs in one thing and is accepted.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accountId, adminArn, post, stsWorld } from '../emulators.ts';

const RoleArn = `arn:aws:iam::${accountId}:role/deploy`;
const longPath = `arn:aws:iam::${accountId}:role/${'p'.repeat(480)}/deploy`;
let world: Awaited<ReturnType<typeof stsWorld>>;

beforeAll(async () => {
  const trusted = { trusts: [adminArn], maxSessionDuration: 43_200 };
  const roles = [
    { arn: RoleArn, ...trusted },
    { arn: longPath, ...trusted },
  ];
  world = await stsWorld({ roles });
});
afterAll(() => world.close());

type Parameters = Readonly<Record<string, string>>;

interface Limit {
  readonly limit: string;
  readonly accepted?: Parameters;
  readonly refused: Parameters;
  readonly code?: string;
}

const tags = (count: number): Parameters =>
  Object.fromEntries(
    Array.from({ length: count }, (_, index) => [
      [`Tags.member.${index + 1}.Key`, `k${index}`],
      [`Tags.member.${index + 1}.Value`, 'v'],
    ]).flat(),
  );
const tag = (key: string, value = 'v'): Parameters => ({ 'Tags.member.1.Key': key, 'Tags.member.1.Value': value });
const twoTags = (second: string): Parameters => ({
  ...tag('env'),
  'Tags.member.2.Key': second,
  'Tags.member.2.Value': 'v',
});
const transitive = (count: number): Parameters =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`TransitiveTagKeys.member.${index + 1}`, 'k0']));
const policyArns = (count: number): Parameters =>
  Object.fromEntries(
    Array.from({ length: count }, (_, index) => [
      `PolicyArns.member.${index + 1}.arn`,
      'arn:aws:iam::aws:policy/ReadOnlyAccess',
    ]),
  );
const policyArn = (arn: string): Parameters => ({ 'PolicyArns.member.1.arn': arn });

const statement = { Effect: 'Allow', Action: 's3:GetObject', Resource: '*' };
const policy = (document: object) => ({ Policy: JSON.stringify(document) });
const allowing = (changes: object) => policy({ Version: '2012-10-17', Statement: [{ ...statement, ...changes }] });
const padded = (length: number) => ({ Policy: JSON.stringify({ Statement: [statement] }).padEnd(length) });
const malformed = 'MalformedPolicyDocument';
const badTag = 'InvalidParameterValue';

const limits: readonly Limit[] = [
  { limit: 'a role ARN', accepted: { RoleArn }, refused: { RoleArn: '' } },
  { limit: 'the ARN of a role', refused: { RoleArn: `arn:aws:iam::${accountId}:user/deploy` } },
  { limit: 'a role ARN with an account', refused: { RoleArn: 'arn:aws:iam::1234:role/deploy' } },
  {
    limit: 'a role path of at most 512 characters',
    accepted: { RoleArn: longPath },
    refused: { RoleArn: longPath.replace('pp', 'p'.repeat(40)) },
  },
  {
    limit: 'a session name of at least 2 characters',
    accepted: { RoleSessionName: 'ab' },
    refused: { RoleSessionName: 'a' },
  },
  {
    limit: 'a session name of at most 64 characters',
    accepted: { RoleSessionName: 'a'.repeat(64) },
    refused: { RoleSessionName: 'a'.repeat(65) },
  },
  {
    limit: 'the characters of session names',
    accepted: { RoleSessionName: '_+=,.@-' },
    refused: { RoleSessionName: 'a:b' },
  },
  { limit: 'no space in a session name', accepted: { RoleSessionName: 'a-b' }, refused: { RoleSessionName: 'a b' } },
  {
    limit: 'no newline after a session name',
    accepted: { RoleSessionName: 'ab' },
    refused: { RoleSessionName: 'ab\n' },
  },
  {
    limit: 'no foreign letters in a session name',
    accepted: { RoleSessionName: 'ab' },
    refused: { RoleSessionName: 'äb' },
  },
  { limit: 'at least 900 seconds', accepted: { DurationSeconds: '900' }, refused: { DurationSeconds: '899' } },
  { limit: 'at most 43200 seconds', accepted: { DurationSeconds: '43200' }, refused: { DurationSeconds: '43201' } },
  {
    limit: 'seconds as a number',
    accepted: { DurationSeconds: '900' },
    refused: { DurationSeconds: '15m' },
    code: 'MalformedInput',
  },
  { limit: 'an external id of at least 2 characters', accepted: { ExternalId: 'ab' }, refused: { ExternalId: 'a' } },
  {
    limit: 'an external id of at most 1224 characters',
    accepted: { ExternalId: 'a'.repeat(1224) },
    refused: { ExternalId: 'a'.repeat(1225) },
  },
  { limit: 'the characters of external ids', accepted: { ExternalId: 'a_+=,.@:/-' }, refused: { ExternalId: 'a b' } },
  {
    limit: 'a source identity of at least 2 characters',
    accepted: { SourceIdentity: 'ab' },
    refused: { SourceIdentity: 'a' },
  },
  {
    limit: 'a source identity of at most 64 characters',
    accepted: { SourceIdentity: 'a'.repeat(64) },
    refused: { SourceIdentity: 'a'.repeat(65) },
  },
  {
    limit: 'the characters of source identities',
    accepted: { SourceIdentity: 'a_+=,.@-' },
    refused: { SourceIdentity: 'aws:a' },
  },
  { limit: 'at most 50 tags', accepted: tags(50), refused: tags(51) },
  { limit: 'a tag key', accepted: tag('k'), refused: tag('') },
  { limit: 'a tag key of at most 128 characters', accepted: tag('k'.repeat(128)), refused: tag('k'.repeat(129)) },
  {
    limit: 'a tag value of at most 256 characters',
    accepted: tag('k', 'v'.repeat(256)),
    refused: tag('k', 'v'.repeat(257)),
  },
  { limit: 'the characters of tag keys', accepted: tag('ключ _.:/=+-@'), refused: tag('k*') },
  {
    limit: 'the characters of tag values',
    accepted: tag('k', 'repo:acme/shop@1 ä'),
    refused: tag('k', 'refs/heads/#1'),
  },
  { limit: 'whole tags', accepted: tag('k'), refused: { 'Tags.member.1.Key': 'k' } },
  { limit: 'no reserved tags', accepted: tag('awsome:k'), refused: tag('AWS:k'), code: badTag },
  {
    limit: 'tags whose keys differ in more than case',
    accepted: twoTags('environment'),
    refused: twoTags('ENV'),
    code: badTag,
  },
  {
    limit: 'transitive keys of its tags',
    accepted: { ...tag('env'), 'TransitiveTagKeys.member.1': 'ENV' },
    refused: { ...tag('env'), 'TransitiveTagKeys.member.1': 'repo' },
    code: badTag,
  },
  {
    limit: 'at most 50 transitive keys',
    accepted: { ...tags(1), ...transitive(50) },
    refused: { ...tags(1), ...transitive(51) },
  },
  { limit: 'at most 10 managed policies', accepted: policyArns(10), refused: policyArns(11) },
  {
    limit: 'the ARN of a managed policy',
    accepted: policyArn(`arn:aws:iam::${accountId}:policy/team/read`),
    refused: policyArn(`arn:aws:iam::${accountId}:role/read-only`),
  },
  {
    limit: "a managed policy of the role's account",
    accepted: policyArn(`arn:aws:iam::${accountId}:policy/read`),
    refused: policyArn('arn:aws:iam::999999999999:policy/read'),
  },
  { limit: 'a policy of at most 2048 characters', accepted: padded(2048), refused: padded(2049) },
  {
    limit: 'at most 2048 characters of policies together',
    accepted: { ...padded(2048 - 38), ...policyArns(1) },
    refused: { ...padded(2048 - 37), ...policyArns(1) },
  },
  { limit: 'a policy in Latin-1', accepted: allowing({ Sid: 'ÿ' }), refused: allowing({ Sid: 'Ā' }) },
  { limit: 'a policy in JSON', accepted: allowing({}), refused: { Policy: '{' }, code: malformed },
  { limit: 'a policy that is an object', accepted: allowing({}), refused: { Policy: '[]' }, code: malformed },
  {
    limit: 'statements',
    accepted: policy({ Statement: statement }),
    refused: policy({ Statement: [] }),
    code: malformed,
  },
  {
    limit: 'a known policy version',
    accepted: policy({ Version: '2008-10-17', Statement: statement }),
    refused: policy({ Version: '2026-01-01', Statement: statement }),
    code: malformed,
  },
  {
    limit: 'an effect',
    accepted: allowing({ Effect: 'Deny' }),
    refused: allowing({ Effect: 'allow' }),
    code: malformed,
  },
  { limit: 'an action', accepted: allowing({ Action: ['s3:*'] }), refused: allowing({ Action: [] }), code: malformed },
  {
    limit: 'Action or NotAction',
    accepted: allowing({ Action: undefined, NotAction: 's3:*' }),
    refused: allowing({ NotAction: 's3:*' }),
    code: malformed,
  },
  {
    limit: 'a resource',
    accepted: allowing({ Resource: 'arn:aws:s3:::b' }),
    refused: allowing({ Resource: undefined }),
    code: malformed,
  },
  {
    limit: 'no principal in a session policy',
    accepted: allowing({ Condition: {} }),
    refused: allowing({ Principal: '*' }),
    code: malformed,
  },
  {
    limit: 'a session token of at most 4096 bytes',
    accepted: { MinimumSessionTokenSize: '4096' },
    refused: { MinimumSessionTokenSize: '4097' },
  },
  { limit: 'no MFA device', refused: { SerialNumber: 'GAHT12345678', TokenCode: '123456' }, code: 'AccessDenied' },
  { limit: 'a token code of six digits', accepted: {}, refused: { TokenCode: '12345a' } },
  { limit: 'no provided contexts', refused: { 'ProvidedContexts.member.1.ContextAssertion': 'abcd' } },
  { limit: 'only parameters it knows', refused: { Extra: '1' } },
  {
    limit: 'list members counted from one',
    accepted: tag('k'),
    refused: { 'Tags.member.0.Key': 'k', 'Tags.member.0.Value': 'v' },
  },
  {
    limit: 'list members without gaps',
    accepted: twoTags('k'),
    refused: { 'Tags.member.2.Key': 'k', 'Tags.member.2.Value': 'v' },
    code: 'MalformedInput',
  },
  { limit: 'lists where lists belong', accepted: { Tags: '' }, refused: { Tags: 'env' }, code: 'MalformedInput' },
];

const assume = (parameters: Parameters) =>
  world.raw({ Action: 'AssumeRole', RoleArn, RoleSessionName: 'job', ...parameters });

describe('the local STS wants', () => {
  it.each(limits)('$limit', async ({ accepted = {}, refused, code = 'ValidationError' }) => {
    const good = await assume(accepted);
    expect([good.status, good.code]).toEqual([200, undefined]);
    const bad = await assume(refused);
    expect([bad.status, bad.code]).toEqual([code === 'AccessDenied' ? 403 : 400, code]);
  });

  it('both a role and a session name', async () => {
    expect((await world.raw({ Action: 'AssumeRole', RoleArn, RoleSessionName: 'job' })).code).toBeUndefined();
    const { text } = await world.raw({ Action: 'AssumeRole' });
    expect(text).toContain('2 validation errors detected: Value null at &#39;roleArn&#39; failed');
  });

  it('a parameter only once', async () => {
    const once = 'Action=GetCallerIdentity&Version=2011-06-15';
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    expect((await post(world.service.url, 'sts', once, headers)).code).toBeUndefined();
    const twice = `${once}&Action=GetCallerIdentity`;
    expect((await post(world.service.url, 'sts', twice, headers)).code).toBe('ValidationError');
  });

  it('an action and the version it knows', async () => {
    const identity = { Action: 'GetCallerIdentity' };
    expect((await world.raw(identity)).code).toBeUndefined();
    expect((await world.raw({})).code).toBe('MissingAction');
    expect((await world.raw({ ...identity, Version: '2010-05-08' })).code).toBe('InvalidAction');
    expect((await world.raw({ Action: 'AssumeRoleWithSAML' })).code).toBe('InvalidAction');
  });

  it('and answers errors in the XML of AWS', async () => {
    const { text, status } = await assume({ RoleSessionName: '<&>' });
    expect(status).toBe(400);
    expect(text.replace(/[0-9a-f-]{36}/, 'ID')).toBe(
      '<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>' +
        '<Code>ValidationError</Code><Message>1 validation error detected: Value &#39;&lt;&amp;&gt;&#39; at ' +
        '&#39;roleSessionName&#39; failed to satisfy constraint: Member must satisfy regular expression pattern: ' +
        '[\\w+=,.@-]*</Message></Error><RequestId>ID</RequestId></ErrorResponse>',
    );
  });
});
