import { describe, expect, test } from 'vitest';
import { parseRoleArn } from '../../../shared/policy/role-arn.ts';

const good = 'arn:aws:iam::111122223333:role/ci/deploy';
const path = (length: number) => `arn:aws:iam::111122223333:role/${'p'.repeat(length - 2)}/deploy`;

describe('the ARN of a role', () => {
  test('has a partition, an account, a path and a name', () => {
    expect(parseRoleArn(good)).toEqual({ partition: 'aws', accountId: '111122223333', path: '/ci/', name: 'deploy' });
    expect(parseRoleArn('arn:aws-us-gov:iam::111122223333:role/a+=,.@-_9')).toEqual({
      partition: 'aws-us-gov',
      accountId: '111122223333',
      path: '/',
      name: 'a+=,.@-_9',
    });
  });

  test.each<[string, string, string]>([
    ['a wildcard name', 'role/dep*', 'role/dep-'],
    ['a wildcard path', 'role/*/a', 'role/b/a'],
    ['a question mark in the path', 'role/a?/b', 'role/a-/b'],
    ['a policy variable in the path', 'role/${aws:x}/b', 'role/{aws:x}/b'],
    ['a path that climbs', 'role/a/../b', 'role/a/..c/b'],
    ['a path that stays', 'role/a/./b', 'role/a/.c/b'],
    ['an empty segment', 'role/a//b', 'role/a/c/b'],
    ['a space in the path', 'role/a b/c', 'role/a-b/c'],
    ['no name', 'role/', 'role/a'],
    ['no path and no name', 'role', 'role/role'],
    ['a long name', `role/${'a'.repeat(65)}`, `role/${'a'.repeat(64)}`],
    ['text after it', 'role/a\n', 'role/a'],
    ['another kind', 'user/a', 'role/user/a'],
    ['a role that only a service assumes', 'role/aws-service-role/x/a', 'role/x/aws-service-role/a'],
  ])('cannot have %s', (_what, bad, fine) => {
    expect(parseRoleArn(`arn:aws:iam::111122223333:${bad}`)).toBeUndefined();
    expect(parseRoleArn(`arn:aws:iam::111122223333:${fine}`)).toBeDefined();
  });

  test.each<[string, string]>([
    ['text before it', ` ${good}`],
    ['another scheme', good.replace('arn', 'urn')],
    ['another partition', good.replace('aws', 'gcp')],
    ['a partition in capitals', good.replace('arn:aws', 'arn:aws-CN')],
    ['another service', good.replace('iam', 'sts')],
    ['a region', good.replace('iam::', 'iam:eu-west-1:')],
    ['an account of eleven digits', good.replace('1111', '111')],
    ['an account of thirteen digits', good.replace('1111', '11111')],
    ['a path of 513 characters', path(513)],
  ])('is none with %s', (_what, bad) => {
    expect(parseRoleArn(bad)).toBeUndefined();
    expect(parseRoleArn(good)).toBeDefined();
    expect(parseRoleArn(path(512))).toBeDefined();
  });
});
