import { describe, expect, test } from 'vitest';
import type { SigningAlgorithm } from '../../shared/policy/compiled-policy.ts';
import { artifact, type Json, ordersAudience, referencesOf, resourcesOf, templateOf } from './synthesized.ts';

const templateWith = (...algorithms: readonly SigningAlgorithm[]) => {
  const audiences = Object.fromEntries(algorithms.map((alg) => [alg.toLowerCase(), { ...ordersAudience, alg }]));
  return templateOf({ policy: { artifact: { ...artifact, audiences }, values: {} } });
};

/** Of the keyring: the key of the audit trail's heads is none of it. */
const keysOf = (template: ReturnType<typeof templateOf>) =>
  Object.entries(resourcesOf(template, 'AWS::KMS::Key')).flatMap(([id, key]) => (id.includes('Audit') ? [] : key));
const specsOf = (template: ReturnType<typeof templateOf>) =>
  keysOf(template).map(({ Properties }) => String(Properties['KeySpec']));

function signingAlgorithmsOf(template: ReturnType<typeof templateOf>): readonly string[] {
  const text = JSON.stringify(resourcesOf(template, 'AWS::IAM::Policy'));
  return JSON.parse(/"kms:SigningAlgorithm":(\[[^\]]*\])/.exec(text)?.[1] ?? '[]');
}

const usual = templateWith('ES256');

describe('keys', () => {
  test('a policy of ES256 has a P-256 key, and the RSA key RFC 9068 requires', () => {
    expect(specsOf(usual)).toEqual(['ECC_NIST_P256', 'RSA_2048']);
    expect(signingAlgorithmsOf(usual)).toEqual(['ECDSA_SHA_256', 'RSASSA_PKCS1_V1_5_SHA_256']);
  });

  test('every further algorithm has a key of its own', () => {
    const all = templateWith('PS256', 'Ed25519', 'ES384');
    expect(specsOf(all)).toEqual(['ECC_NIST_P256', 'ECC_NIST_P384', 'ECC_NIST_EDWARDS25519', 'RSA_2048', 'RSA_2048']);
    expect(signingAlgorithmsOf(all)).toEqual([
      'ECDSA_SHA_256',
      'ECDSA_SHA_384',
      'ED25519_SHA_512',
      'RSASSA_PSS_SHA_256',
      'RSASSA_PKCS1_V1_5_SHA_256',
    ]);
  });

  test('they sign, outlive the stack, and wait 30 days for their deletion', () => {
    for (const key of keysOf(usual)) {
      expect(key.Properties).toMatchObject({ KeyUsage: 'SIGN_VERIFY', PendingWindowInDays: 30 });
      expect(key).toMatchObject({ DeletionPolicy: 'RetainExceptOnCreate', UpdateReplacePolicy: 'Retain' });
    }
  });

  test('a failed deployment takes the keys it made with it, but for those a keyring may name already', () => {
    const policies = keysOf(templateWith('ES384', 'PS256')).map((key) => [
      String(key.Properties['Description']),
      key.DeletionPolicy,
    ]);
    expect(Object.fromEntries(policies)).toEqual({
      'Cambio signs ES256 tokens': 'RetainExceptOnCreate',
      'Cambio signs RS256 tokens': 'RetainExceptOnCreate',
      'Cambio signs ES384 tokens': 'Retain',
      'Cambio signs PS256 tokens': 'Retain',
    });
  });

  test('they carry one keyring tag that fits into a tag value, however long the stack name', () => {
    const tags = keysOf(usual).map(({ Properties }) => Properties['Tags'] as readonly { Key: string; Value: Json }[]);
    expect(new Set(tags.map((tag) => JSON.stringify(tag))).size).toBe(1);
    const [{ Key, Value } = { Key: '', Value: '' }] = tags[0] ?? [];
    expect(Key).toBe('cambio:keyring');
    expect(Value).toEqual({ 'Fn::Join': ['', [{ Ref: 'AWS::StackId' }, expect.stringMatching(/^\/[0-9a-f]{16}$/)]] });
    const uuid = '00000000-0000-0000-0000-000000000000';
    const stackId = `arn:aws-us-gov:cloudformation:ap-southeast-1:111122223333:stack/${'n'.repeat(128)}/${uuid}`;
    expect(stackId.length + 17).toBeLessThanOrEqual(256);
  });
});

describe('key policies', () => {
  interface Statement {
    readonly Effect: string;
    readonly Principal: Json;
    readonly Action: string;
    readonly Condition?: { readonly StringNotEquals: { readonly 'aws:PrincipalArn': Json } };
  }
  const roleArns = (template: ReturnType<typeof templateOf>, may: string) =>
    Object.values(resourcesOf(template, 'AWS::IAM::Policy'))
      .filter(({ Properties }) => JSON.stringify(Properties).includes(`"${may}"`))
      .flatMap(({ Properties }) => referencesOf(Properties['Roles']))
      .filter((id) => !id.includes('Audit'))
      .map((id) => ({ 'Fn::GetAtt': [id, 'Arn'] }));
  const policiesOf = (template: ReturnType<typeof templateOf>) =>
    keysOf(template).map(
      ({ Properties }) => (Properties['KeyPolicy'] as unknown as { Statement: readonly Statement[] }).Statement,
    );

  test('let nobody sign but the functions that have the right to, and leave the account all else', () => {
    const listing = templateOf({
      policy: {
        artifact: { ...artifact, audiences: { 'orders-api': { ...ordersAudience, status: true } } },
        values: {},
      },
    });
    for (const [template, count] of [[usual, 2] as const, [listing, 3] as const]) {
      const signers = roleArns(template, 'kms:Sign');
      expect(signers).toHaveLength(count);
      for (const statements of policiesOf(template)) {
        const [account, onlyFunctions, ...others] = statements;
        expect(account).toMatchObject({ Effect: 'Allow', Action: 'kms:*', Resource: '*' });
        expect(JSON.stringify(account?.Principal)).toContain(':root');
        expect(onlyFunctions).toEqual({
          Sid: 'OnlyFunctionsSign',
          Effect: 'Deny',
          Principal: { AWS: '*' },
          Action: 'kms:Sign',
          Resource: '*',
          Condition: { StringNotEquals: { 'aws:PrincipalArn': signers } },
        });
        expect(others).toEqual([]);
      }
    }
  });
});

test('the seed gets every key with its algorithm, and runs after the function and its rights are there', () => {
  const [seed] = Object.values(resourcesOf(usual, 'AWS::CloudFormation::CustomResource'));
  const [es256, rs256] = Object.keys(resourcesOf(usual, 'AWS::KMS::Key'));
  expect(seed?.Properties['Keys']).toEqual([
    { keyId: { 'Fn::GetAtt': [es256, 'Arn'] }, alg: 'ES256' },
    { keyId: { 'Fn::GetAtt': [rs256, 'Arn'] }, alg: 'RS256' },
  ]);
  expect(seed?.DependsOn).toEqual(expect.arrayContaining([expect.stringContaining('KeyringSeedRoleDefaultPolicy')]));
});
