import { describe, expect, test } from 'vitest';
import type { PolicyArtifact } from '../../shared/policy/compiled-policy.ts';
import { artifact, type Json, ordersAudience, resourcesOf, templateOf } from './synthesized.ts';

interface Statement {
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource: Json;
  readonly Condition?: Json;
}

const template = templateOf();

/** The statements of each function's role, named by the construct the role belongs to. */
const statements = Object.fromEntries(
  Object.entries(resourcesOf(template, 'AWS::IAM::Policy'))
    // CodeDeploy's: test/infra/rollout has it.
    .filter(([id]) => !id.includes('Rollout'))
    .map(([id, { Properties }]) => [
      id.replace(/^TokenExchange(Endpoints)?/, '').replace(/RoleDefaultPolicy.*$/, ''),
      (Properties['PolicyDocument'] as unknown as { readonly Statement: readonly Statement[] }).Statement,
    ]),
);

const actionsOf = ({ Action }: Statement) => [Action].flat();
const statementsFor = (name: string, action: string) =>
  (statements[name] ?? []).filter((statement) => actionsOf(statement).includes(action));
const holdersOf = (action: string) => Object.keys(statements).filter((name) => statementsFor(name, action).length > 0);

const table = { 'Fn::GetAtt': [Object.keys(resourcesOf(template, 'AWS::DynamoDB::GlobalTable'))[0], 'Arn'] };
/** Of the keyring; the key of the trail's heads is none of it. */
const keyArns = Object.keys(resourcesOf(template, 'AWS::KMS::Key'))
  .filter((id) => !/Audit|KeyringMac/.test(id))
  .map((id) => ({ 'Fn::GetAtt': [id, 'Arn'] }));
const onItems = (patterns: string | readonly string[]) => ({
  'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': [patterns].flat() },
  Null: { 'dynamodb:LeadingKeys': 'false' },
});

test('every function has a role of its own, which only Lambda may assume', () => {
  const functions = Object.values(resourcesOf(template, 'AWS::Lambda::Function'));
  const roles = functions.map(({ Properties }) => JSON.stringify(Properties['Role']));
  expect(new Set(roles).size).toBe(functions.length);
  expect(Object.keys(statements).sort()).toEqual([
    'AdminRevocations',
    'AuditHeadsSigner',
    'AuditSweepSweeper',
    'AuditWritingWriter',
    'Decisions',
    'Discovery',
    'DocumentsWriter',
    'Events',
    'Introspect',
    'Jwks',
    'KeyringSeed',
    'Keys',
    'Revoke',
    'StatusLists',
    'Suspensions',
    'Token',
  ]);
  for (const [id, role] of Object.entries(resourcesOf(template, 'AWS::IAM::Role'))) {
    const others = { CloudWatchRole: 'apigateway', RolloutRole: 'codedeploy' };
    const [, other = 'lambda'] = Object.entries(others).find(([part]) => id.includes(part)) ?? [];
    const service = `${other}.amazonaws.com`;
    expect(role.Properties['AssumeRolePolicyDocument']).toMatchObject({
      Statement: [{ Action: 'sts:AssumeRole', Effect: 'Allow', Principal: { Service: service } }],
    });
  }
});

test('no role has AWS managed policies but the one API Gateway needs for the account', () => {
  const managed = Object.entries(resourcesOf(template, 'AWS::IAM::Role')).filter(
    ([, { Properties }]) => Properties['ManagedPolicyArns'],
  );
  expect(managed.map(([id]) => id)).toEqual([expect.stringContaining('CloudWatchRole')]);
});

describe('signing', () => {
  test('only those may sign who issue something under this policy, where nobody asks for signed answers', () => {
    expect(holdersOf('kms:Sign').sort()).toEqual(['AuditHeadsSigner', 'Token']);
    // Heads of the audit trail have a key of their own, and no other is theirs.
    const heads = { 'Fn::GetAtt': [expect.stringContaining('AuditHeads'), 'Arn'] };
    expect(statementsFor('AuditHeadsSigner', 'kms:Sign').map(({ Resource }) => Resource)).toEqual([heads]);
  });

  test('it may sign whole messages, with the keys of this keyring, in the algorithms of this policy, and nothing else', () => {
    const keys = Object.values(resourcesOf(template, 'AWS::KMS::Key'));
    const [tag] = keys.flatMap(({ Properties }) => Properties['Tags'] as readonly { Key: string; Value: Json }[]);
    expect(tag?.Key).toBe('cambio:keyring');
    expect(statementsFor('Token', 'kms:Sign')).toEqual([
      {
        Effect: 'Allow',
        Action: 'kms:Sign',
        Resource: {
          'Fn::Join': [
            '',
            [
              'arn:',
              { Ref: 'AWS::Partition' },
              ':kms:',
              { Ref: 'AWS::Region' },
              ':',
              { Ref: 'AWS::AccountId' },
              ':key/*',
            ],
          ],
        },
        Condition: {
          StringEquals: {
            'aws:ResourceTag/cambio:keyring': tag?.Value,
            'aws:ResourceTag/cambio:use': 'token',
            'kms:SigningAlgorithm': ['ECDSA_SHA_256', 'RSASSA_PKCS1_V1_5_SHA_256'],
            'kms:MessageType': 'RAW',
          },
        },
      },
    ]);
  });

  test('only the seed reads public keys, of the keyring in this template, rotation those of the keyring, and the signer of heads its own', () => {
    expect(holdersOf('kms:GetPublicKey').sort()).toEqual(['AuditHeadsSigner', 'KeyringSeed', 'Keys']);
    expect(statementsFor('KeyringSeed', 'kms:GetPublicKey')[0]).toEqual({
      Effect: 'Allow',
      Action: 'kms:GetPublicKey',
      Resource: keyArns,
    });
  });
});

describe('records', () => {
  test.each<[string, ...[action: string | readonly string[], patterns: string | readonly string[]][]]>([
    [
      'Token',
      ['dynamodb:GetItem', '*#keyring'],
      ['dynamodb:PutItem', '*#decision#*'],
      ['dynamodb:BatchGetItem', ['*#revoked#*', '*#suspended#*']],
      // A proof of possession is used once, whoever sends one; its nonces come from a secret that the functions share.
      [['dynamodb:PutItem', 'dynamodb:UpdateItem'], '*#used#*'],
      [['dynamodb:GetItem', 'dynamodb:UpdateItem'], '*#nonce#*'],
      // What a second may cost of KMS and STS is shared by all instances.
      [['dynamodb:GetItem', 'dynamodb:UpdateItem'], '*#quota#*'],
    ],
    [
      'Introspect',
      ['dynamodb:GetItem', '*#keyring'],
      ['dynamodb:PutItem', '*#decision#*'],
      ['dynamodb:BatchGetItem', ['*#revoked#*', '*#suspended#*']],
    ],
    [
      'Revoke',
      ['dynamodb:GetItem', '*#keyring'],
      ['dynamodb:PutItem', '*#decision#*'],
      ['dynamodb:PutItem', '*#revoked#*'],
    ],
    ['AdminRevocations', ['dynamodb:PutItem', '*#revoked#*'], ['dynamodb:GetItem', ['*#decision#*', '*#keyring']]],
    [
      'Suspensions',
      [['dynamodb:BatchGetItem', 'dynamodb:PutItem'], '*#suspended#*'],
      // How old its keys are.
      ['dynamodb:GetItem', '*#keyring'],
    ],
    ['Events'],
    ['StatusLists', ['dynamodb:GetItem', '*#status-series#*']],
    ['Jwks', ['dynamodb:GetItem', '*#keyring']],
    ['Keys', [['dynamodb:GetItem', 'dynamodb:PutItem'], '*#keyring'], ['dynamodb:PutItem', '*#revoked#*']],
    ['Decisions', ['dynamodb:GetItem', '*#decision#*']],
    ['KeyringSeed', [['dynamodb:GetItem', 'dynamodb:PutItem'], '*#keyring'], ['dynamodb:PutItem', '*#policy']],
  ])('%s has these rights on items and no others', (name, ...rights) => {
    const ofTable = (statements[name] ?? []).filter((each) =>
      actionsOf(each).some((one) => one.startsWith('dynamodb:') && one !== 'dynamodb:Query'),
    );
    expect(ofTable).toEqual(
      rights.map(([Action, patterns]) => ({ Effect: 'Allow', Action, Resource: table, Condition: onItems(patterns) })),
    );
  });

  test('client assertions give a function the rights they need, and reference tokens the token function, and only then', () => {
    const auth = { method: 'private_key_jwt', keys: { from: 'jwksUri', jwksUri: 'https://a.example' } } as const;
    const asserting = { ...auth, network: 'public', algorithms: ['ES256'] } as const;
    const clients = { a: { name: 'a', auth: asserting, introspects: [] } };
    const audiences = { 'orders-api': { ...ordersAudience, format: 'reference' } } as const;
    const rightsOf = (name: string, changes: Partial<PolicyArtifact>) => {
      const made = templateOf({ policy: { artifact: { ...artifact, ...changes }, values: {} } });
      const policies = Object.entries(resourcesOf(made, 'AWS::IAM::Policy'));
      return policies.flatMap(([id, { Properties }]) =>
        id.includes(`Endpoints${name}`) ? [JSON.stringify(Properties)] : [],
      );
    };
    expect(rightsOf('Introspect', {}).join('')).not.toContain('#used#');
    expect(rightsOf('Introspect', { clients }).join('')).toContain('*#used#*');
    expect(rightsOf('Token', { clients }).join('')).not.toContain('#reference#');
    expect(rightsOf('Token', { audiences }).join('')).toContain('*#reference#*');
  });

  test('discovery touches no record, and no one has an action whose request may lack a key', () => {
    expect(statements['Discovery']?.flatMap(actionsOf).filter((action) => action.startsWith('dynamodb:'))).toEqual([]);
    const actions = Object.values(statements).flat().flatMap(actionsOf);
    const isOfItems = (action: string) =>
      action.startsWith('dynamodb:') && !/:Query$|Stream|Shard|:GetRecords$/.test(action);
    const ofTable = actions.filter(isOfItems);
    expect([...new Set(ofTable)].sort()).toEqual([
      'dynamodb:BatchGetItem',
      'dynamodb:GetItem',
      'dynamodb:PutItem',
      'dynamodb:UpdateItem',
    ]);
    // Of the indexes, which hold hashes, times and reasons, each its own and nothing else.
    expect(holdersOf('dynamodb:Query').sort()).toEqual(['AuditSweepSweeper', 'Decisions', 'Suspensions']);
    expect(JSON.stringify(statementsFor('Decisions', 'dynamodb:Query')[0]?.Resource)).toContain('/index/decided');
    expect(JSON.stringify(statementsFor('Suspensions', 'dynamodb:Query')[0]?.Resource)).toContain('/index/listed');
  });
});

describe('wildcards', () => {
  /** What AWS gives nothing narrower for, each with its reason. */
  const reasons: Readonly<Record<string, string>> = {
    'dynamodb:ListStreams': 'it names no stream',
    'kms:CreateKey': 'a key that is being made has no name yet; its tags have to be those of this keyring',
    'kms:TagResource': 'likewise: they are given with it',
    'xray:PutTelemetryRecords': 'X-Ray has no resources',
    'xray:PutTraceSegments': 'X-Ray has no resources',
  };

  test('a resource * is given for listed actions only', () => {
    const wide = Object.values(statements)
      .flat()
      .filter(({ Resource }) => Resource === '*')
      .flatMap(actionsOf);
    expect([...new Set(wide)].sort()).toEqual(Object.keys(reasons).sort());
  });

  test('no action has a wildcard', () => {
    const actions = Object.values(statements).flat().flatMap(actionsOf);
    expect(actions).toContain('kms:Sign');
    expect(actions.filter((action) => action.includes('*'))).toEqual([]);
  });

  test('the only other wildcards in a resource are the id of a key with the keyring’s tags, and names of objects in the trail', () => {
    const partial = Object.values(statements)
      .flat()
      .filter(({ Resource }) => Resource !== '*' && JSON.stringify(Resource).includes('*'));
    expect(new Set(partial.flatMap(actionsOf))).toEqual(
      new Set([
        ...['kms:Sign', 'kms:GetPublicKey', 'kms:DisableKey', 'kms:ScheduleKeyDeletion'],
        ...['s3:GetObject', 's3:PutObject'],
      ]),
    );
  });
});

test('a function writes to its own log group only', () => {
  for (const name of Object.keys(statements)) {
    const [logs] = statementsFor(name, 'logs:PutLogEvents');
    expect(logs?.Action).toEqual(['logs:CreateLogStream', 'logs:PutLogEvents']);
    expect(JSON.stringify(logs?.Resource)).toContain(`${name}Logs`);
  }
});
