// The limits of the local IAM, each beside a request that differs in one thing and is accepted.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Iam, startIam } from '../../../../infra/local/sts/iam.ts';
import { accountId, authorization, emulatorOptions, post } from '../emulators.ts';

const arn = `arn:aws:iam::${accountId}:role/ci/deploy`;
const { options } = emulatorOptions();
let iam: Iam;
beforeAll(async () => {
  iam = await startIam({ ...options, roles: [{ arn }, { arn: `arn:aws:iam::999999999999:role/partner` }] });
});
afterAll(() => iam.close());

type Parameters = Readonly<Record<string, string>>;

const document = (changes: object = {}) =>
  JSON.stringify({ Version: '2012-10-17', Statement: { Effect: 'Deny', Action: '*', Resource: '*', ...changes } });
const signed = authorization('iam').replace('eu-west-1', 'us-east-1');
const valid = { Action: 'PutRolePolicy', RoleName: 'deploy', PolicyName: 'a', PolicyDocument: document() };
const ask = (changes: Parameters, header = signed) =>
  post(iam.url, 'iam', new URLSearchParams({ Version: '2010-05-08', ...valid, ...changes }).toString(), {
    'content-type': 'application/x-www-form-urlencoded',
    authorization: header,
  });

describe('the local IAM', () => {
  it.each<[string, Parameters, string, Parameters]>([
    ['a role of a long name', { RoleName: 'r'.repeat(65) }, 'ValidationError', {}],
    ['a role by its ARN', { RoleName: arn }, 'ValidationError', {}],
    ['a role of another account', { RoleName: 'partner' }, 'NoSuchEntity', {}],
    ['a policy of a long name', { PolicyName: 'p'.repeat(129) }, 'ValidationError', { PolicyName: 'p'.repeat(128) }],
    [
      'a character IAM does not take',
      { PolicyDocument: document({ Sid: '€' }) },
      'ValidationError',
      { PolicyDocument: document({ Sid: 'é' }) },
    ],
    ['no JSON', { PolicyDocument: '{' }, 'MalformedPolicyDocument', {}],
    [
      'a principal',
      { PolicyDocument: document({ Principal: '*' }) },
      'MalformedPolicyDocument',
      { PolicyDocument: document({ Sid: 'a' }) },
    ],
    ['another version', { Version: '2011-06-15' }, 'InvalidAction', {}],
    ['an operation it has not', { Action: 'AttachRolePolicy' }, 'InvalidAction', {}],
    ['a parameter nobody knows', { Path: '/' }, 'ValidationError', {}],
  ])('refuses %s', async (_what, bad, code, good) => {
    expect((await ask(bad)).code).toBe(code);
    expect((await ask(good)).status).toBe(200);
    (iam.policiesOf(arn) as Map<string, string>).clear();
  });

  it('counts the policies of a role together, without the white space between their tokens', async () => {
    const sized = (size: number) => {
      const empty = document({ Sid: '' });
      return document({ Sid: 'x'.repeat(size - empty.length) });
    };
    expect((await ask({ PolicyDocument: sized(5_240) })).status).toBe(200);
    expect((await ask({ PolicyName: 'b', PolicyDocument: sized(5_001) })).code).toBe('LimitExceeded');
    const spaced = sized(5_000).replaceAll(',', ' ,\n');
    expect((await ask({ PolicyName: 'b', PolicyDocument: spaced })).status).toBe(200);
  });

  it('is signed for in one region of its partition', async () => {
    expect((await ask({ PolicyName: 'c' }, authorization('iam'))).code).toBe('SignatureDoesNotMatch');
    expect((await ask({ PolicyName: 'c' }, signed.replace('/iam/', '/sts/'))).code).toBe('SignatureDoesNotMatch');
    expect((await ask({ PolicyName: 'a' })).status).toBe(200);
  });
});
