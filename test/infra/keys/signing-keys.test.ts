import { describe, expect, test } from 'vitest';
import type { SigningAlgorithm } from '../../../shared/policy/compiled-policy.ts';
import type { KeyUse } from '../../../shared/policy/key-purposes.ts';
import { signingKeyPolicies } from '../../../shared/policy/signing-key-policy.ts';
import {
  artifact,
  type Json,
  ordersAudience,
  referencesOf,
  resourcesOf,
  templateOf,
  whatIsSigned,
} from '../synthesized.ts';

const templateWith = (...algorithms: readonly SigningAlgorithm[]) => {
  const audiences = Object.fromEntries(algorithms.map((alg) => [alg.toLowerCase(), { ...ordersAudience, alg }]));
  return templateOf({ policy: { artifact: { ...artifact, audiences }, values: {} } });
};

/** Of the keyring: the key of the audit trail's heads is none of it, nor that of its MAC. */
const keysOf = (template: ReturnType<typeof templateOf>) =>
  Object.entries(resourcesOf(template, 'AWS::KMS::Key')).flatMap(([id, key]) =>
    /Audit|KeyringMac/.test(id) ? [] : key,
  );
const specsOf = (template: ReturnType<typeof templateOf>) =>
  keysOf(template).map(({ Properties }) => String(Properties['KeySpec']));

interface Right {
  readonly Action: string | readonly string[];
  readonly Condition?: { readonly StringEquals?: Json };
}

function signingAlgorithmsOf(template: ReturnType<typeof templateOf>): readonly string[] {
  const text = JSON.stringify(resourcesOf(template, 'AWS::IAM::Policy'));
  return JSON.parse(/"kms:SigningAlgorithm":(\[[^\]]*\])/.exec(text)?.[1] ?? '[]');
}

const usual = templateWith('ES256');

/** Of a policy that has something for every use. */
const whole = templateOf({
  policy: {
    artifact: {
      ...artifact,
      ...whatIsSigned,
      roles: {
        deploy: {
          ...{ name: 'deploy', arn: 'arn:aws:iam::111122223333:role/deploy', via: 'web-identity' },
          ...{ ttl: 900, maxTtl: 900 },
        },
      },
    },
    values: {},
  },
});
const everyUse = ['token', 'token', 'answer', 'status', 'session'];
const usesOf = (template: ReturnType<typeof templateOf>) =>
  keysOf(template).map(
    ({ Properties }) =>
      (Properties['Tags'] as readonly { Key: string; Value: Json }[]).find(({ Key }) => Key === 'cambio:use')?.Value,
  );

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

  test('every use that the policy has something for has keys of its own, and who signs for one signs for no other', () => {
    expect(specsOf(whole)).toEqual(['ECC_NIST_P256', 'RSA_2048', 'RSA_2048', 'ECC_NIST_P256', 'ECC_NIST_P256']);
    const rights = Object.entries(resourcesOf(whole, 'AWS::IAM::Policy')).flatMap(([id, { Properties }]) =>
      (Properties['PolicyDocument'] as unknown as { Statement: readonly Right[] }).Statement.flatMap((right) =>
        right.Action === 'kms:Sign' && !id.includes('Audit')
          ? [[/Endpoints(.+)RoleDefault/.exec(id)?.[1], right.Condition?.StringEquals]]
          : [],
      ),
    );
    const tag = usesOf(whole).length > 0 && keysOf(whole)[0]?.Properties['Tags'];
    const [{ Value: keyring } = { Value: '' }] = tag as unknown as { Value: Json }[];
    const right = (use: string, ...algorithms: readonly string[]) => ({
      'aws:ResourceTag/cambio:keyring': keyring,
      'aws:ResourceTag/cambio:use': use,
      'kms:SigningAlgorithm': algorithms,
      'kms:MessageType': 'RAW',
    });
    const answer = right('answer', 'RSASSA_PKCS1_V1_5_SHA_256');
    expect(rights).toEqual([
      ['Token', right('token', 'ECDSA_SHA_256', 'RSASSA_PKCS1_V1_5_SHA_256')],
      ['Token', right('session', 'ECDSA_SHA_256')],
      ['Token', answer],
      ['Introspect', answer],
      ['Revoke', answer],
      ['StatusLists', right('status', 'ECDSA_SHA_256')],
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
    const [{ Key, Value } = { Key: '', Value: '' }, use] = tags[0] ?? [];
    expect(use).toEqual({ Key: 'cambio:use', Value: 'token' });
    expect(Key).toBe('cambio:keyring');
    expect(Value).toEqual({ 'Fn::Join': ['', [{ Ref: 'AWS::StackId' }, expect.stringMatching(/^\/[0-9a-f]{16}$/)]] });
    const uuid = '00000000-0000-0000-0000-000000000000';
    const stackId = `arn:aws-us-gov:cloudformation:ap-southeast-1:111122223333:stack/${'n'.repeat(128)}/${uuid}`;
    expect(stackId.length + 17).toBeLessThanOrEqual(256);
  });
});

describe('key policies', () => {
  const statementsOf = (policy: unknown) => (policy as { readonly Statement: unknown }).Statement;
  interface Statement {
    readonly Effect: string;
    readonly Principal: Json;
    readonly Action: string;
    readonly Condition?: { readonly StringNotEquals: { readonly 'aws:PrincipalArn': Json } };
  }
  const policiesOf = (template: ReturnType<typeof templateOf>) =>
    keysOf(template).map(
      ({ Properties }) => (Properties['KeyPolicy'] as unknown as { Statement: readonly Statement[] }).Statement,
    );

  test('let nobody sign but the functions that have the right to, and leave the account all else', () => {
    // Of each use those who may ever sign for it: what rotation makes keeps its policy.
    const signers = {
      token: ['Token'],
      answer: ['Token', 'Introspect', 'Revoke'],
      status: ['StatusLists'],
      session: ['Token'],
    };
    for (const [template, uses] of [[usual, ['token', 'token']] as const, [whole, everyUse] as const]) {
      expect(usesOf(template)).toEqual(uses);
      for (const [index, statements] of policiesOf(template).entries()) {
        const [account, onlyFunctions, ...others] = statements;
        const names = signers[uses[index] as keyof typeof signers];
        expect(account).toMatchObject({ Effect: 'Allow', Action: 'kms:*', Resource: '*' });
        expect(JSON.stringify(account?.Principal)).toContain(':root');
        expect(onlyFunctions).toEqual({
          Sid: 'OnlyFunctionsSign',
          Effect: 'Deny',
          Principal: { AWS: '*' },
          Action: 'kms:Sign',
          Resource: '*',
          Condition: {
            StringNotEquals: {
              'aws:PrincipalArn': names.map((name) => ({
                'Fn::GetAtt': [expect.stringMatching(`Endpoints${name}Role`), 'Arn'],
              })),
            },
          },
        });
        expect(others).toEqual([]);
      }
    }
  });

  const environmentOf = (template: ReturnType<typeof templateOf>) => {
    const [keys] = Object.entries(resourcesOf(template, 'AWS::Lambda::Function')).flatMap(([id, { Properties }]) =>
      id.includes('EndpointsKeysFunction')
        ? [Properties['Environment'] as { readonly Variables: Record<string, Json> }]
        : [],
    );
    return keys?.Variables ?? expect.fail('no function for the keys');
  };
  /** As CloudFormation fills it in, with names as long as it makes them. */
  const resolved = (value: Json): Json => {
    if (Array.isArray(value)) return value.map(resolved);
    if (typeof value !== 'object' || value === null) return value;
    const [[name, argument] = ['', null]] = Object.entries(value);
    const parts = () => resolved(argument) as readonly [string, string];
    const pseudo: Readonly<Record<string, string>> = {
      'AWS::Partition': 'aws',
      'AWS::AccountId': '111122223333',
      'AWS::StackId': `arn:aws:cloudformation:ap-northeast-1:111122223333:stack/Cambio/${'0'.repeat(36)}`,
    };
    switch (name) {
      case 'Ref':
        return pseudo[String(argument)] ?? `${argument}`.padEnd(64, '-');
      case 'Fn::GetAtt': {
        const [id] = argument as readonly [string];
        const kind = id.includes('Role') ? 'iam::111122223333:role/' : 'kms:ap-northeast-1:111122223333:key/';
        return `arn:aws:${kind}${kind.endsWith('key/') ? '0'.repeat(36) : id.slice(-64).padStart(64, '-')}`;
      }
      case 'Fn::Join':
        return (parts()[1] as unknown as readonly string[]).join(parts()[0]);
      case 'Fn::Split':
        return parts()[1].split(parts()[0]);
      case 'Fn::Select':
        return (parts()[1] as unknown as readonly Json[])[Number(parts()[0])] ?? null;
      default:
        return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, resolved(inner)]));
    }
  };

  const macKey = 'arn:aws:kms:ap-northeast-1:111122223333:key/0';

  test('of the keys that rotation makes is that of the template’s own', () => {
    const made = signingKeyPolicies(String(resolved(environmentOf(whole)['KEY_SIGNERS'] ?? '')), macKey);
    const own = keysOf(whole).map(({ Properties }) => resolved(Properties['KeyPolicy'] ?? ''));
    expect(own.map(statementsOf)).toEqual(everyUse.map((use) => statementsOf(JSON.parse(made[use as KeyUse]))));
    expect(own).toHaveLength(5);
    expect(() => signingKeyPolicies('{}', macKey)).toThrow('nobody signs for token');
  });

  test('leave the function room for all the values that a policy may have', () => {
    const variables = Object.entries(environmentOf(whole)).map(([name, value]) => `${name}${resolved(value)}`);
    const valuesOfPolicy = 'POLICY_VALUES'.length + 3 * 1_024;
    const revocations = `SESSION_REVOCATIONSarn:aws:lambda:ap-northeast-1:111122223333:function:${'f'.repeat(64)}:live`;
    const all = [...variables, revocations, 'CLIENTS_OF_AWSdirect'].join('');
    // Lambda takes 4 KB of names and values together.
    expect(all.length + valuesOfPolicy).toBeLessThanOrEqual(4 * 1_024);
    // Sealed keys have no policy.
    const envelope = templateOf({ signing: 'envelope' });
    expect(Object.keys(environmentOf(envelope))).not.toContain('KEY_SIGNERS');
  });
});

test('nobody makes the MACs of the keyring and of the list of tenants but the functions that write them', () => {
  const tenants = { source: 'table', exports: [], exported: {} } as const;
  const keys = resourcesOf(templateOf({ policy: { artifact: { ...artifact, tenants }, values: {} } }), 'AWS::KMS::Key');
  const makersOf = (name: string) =>
    Object.entries(keys).flatMap(([id, { Properties }]) => {
      if (!id.includes(name)) return [];
      expect(Properties['KeyUsage']).toBe('GENERATE_VERIFY_MAC');
      const { Statement } = Properties['KeyPolicy'] as unknown as { Statement: readonly Record<string, Json>[] };
      const denied = Statement.filter(({ Effect }) => Effect === 'Deny');
      expect(denied).toMatchObject([{ Action: 'kms:GenerateMac', Principal: { AWS: '*' }, Resource: '*' }]);
      return referencesOf(denied[0]?.['Condition']);
    });
  expect(makersOf('KeyringMac')).toEqual([
    expect.stringContaining('KeyringSeedRole'),
    expect.stringContaining('EndpointsKeysRole'),
  ]);
  expect(makersOf('TenantKey')).toEqual([expect.stringContaining('EndpointsTenantsRole')]);
});

test('the seed gets every key with its algorithm, and runs after the function and its rights are there', () => {
  const [seed] = Object.values(resourcesOf(usual, 'AWS::CloudFormation::CustomResource'));
  const [es256, rs256] = Object.keys(resourcesOf(usual, 'AWS::KMS::Key'));
  expect(seed?.Properties['Keys']).toEqual([
    { keyId: { 'Fn::GetAtt': [es256, 'Arn'] }, alg: 'ES256', use: 'token' },
    { keyId: { 'Fn::GetAtt': [rs256, 'Arn'] }, alg: 'RS256', use: 'token' },
  ]);
  expect(seed?.DependsOn).toEqual(expect.arrayContaining([expect.stringContaining('KeyringSeedRoleDefaultPolicy')]));
});
