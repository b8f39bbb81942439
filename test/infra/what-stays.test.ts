// What others have written down of a deployment, and so outlives the stack and never gets another logical id.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { CambioStack } from '../../infra/cambio-stack.ts';
import type { PolicyArtifact } from '../../shared/policy/compiled-policy.ts';
import { lasting } from './replacing-properties.ts';
import { artifact, inTemporaryFolder, quickApp, whatIsSigned } from './synthesized.ts';

/** A policy by which every function that can sign does, and every resource that is there under some policy is. */
const whole: PolicyArtifact = {
  ...artifact,
  ...whatIsSigned,
  roles: {
    deploy: {
      ...{ name: 'deploy', arn: 'arn:aws:iam::111122223333:role/deploy', via: 'assume-role' },
      ...{ ttl: 900, maxTtl: 900, revocable: true },
    },
  },
};

interface Resource {
  readonly Type: string;
  readonly Properties: Readonly<Record<string, unknown>>;
  readonly DeletionPolicy?: string;
  readonly UpdateReplacePolicy?: string;
}

const stack = inTemporaryFolder((outdir) => {
  const app = quickApp(outdir);
  new CambioStack(app, 'Cambio', { policy: { artifact: whole, values: {} }, demonstration: false });
  const { template, terminationProtection } = app.synth().getStackByName('Cambio');
  return { resources: template.Resources as Readonly<Record<string, Resource>>, terminationProtection };
});
const { resources } = stack;
/** API Gateway's logging is the account's, not the stack's: CDK leaves it to the account. */
const ofTheAccount = /ApiRestApi(CloudWatchRole|Account)/;
const kept = Object.entries(resources).filter(
  ([id, { DeletionPolicy = 'Delete' }]) => DeletionPolicy !== 'Delete' && !ofTheAccount.test(id),
);
const idsOf = (type: string) => kept.flatMap(([id, { Type }]) => (Type === type ? [id] : []));

test('the logical ids of what stays never change: another would make another issuer, key or table', () => {
  expect(idsOf('AWS::CloudFront::Distribution')).toEqual(['TokenExchangeIssuerDistribution510309D2']);
  expect(idsOf('AWS::CloudFront::CachePolicy')).toEqual(['TokenExchangeIssuerCachePolicy7243489E']);
  expect(idsOf('AWS::CloudFront::Function')).toEqual([
    'TokenExchangeIssuerReadOnly3DD83C66',
    'TokenExchangeIssuerNotFound8DBEE9E8',
    'TokenExchangeIssuerAllowOrigin1CA5CFCE',
  ]);
  expect(idsOf('AWS::DynamoDB::GlobalTable')).toEqual(['TokenExchangeRecordsTable01001D6B']);
  expect(idsOf('AWS::KMS::Key')).toEqual([
    'TokenExchangeSigningKeysES2569653DFC8',
    'TokenExchangeSigningKeysRS2567895F9BF',
    'TokenExchangeSigningKeysanswerRS256F1777D31',
    'TokenExchangeSigningKeysstatusES256167948F6',
    'TokenExchangeSigningKeysKeyringMac66C830E8',
    'TokenExchangeAuditHeadsKeyDBD6D8A1',
  ]);
  expect(idsOf('AWS::S3::Bucket')).toEqual([
    'TokenExchangeDocumentsBucket666914F9',
    'TokenExchangeAuditTrailBucketC86DFC5D',
    'TokenExchangeAuditWritingFailures4E199B04',
  ]);
  expect(idsOf('AWS::IAM::Role')).toEqual([
    'TokenExchangeSessionRevocationsWriterRole6019E01D',
    'TokenExchangeEndpointsTokenRole54D9CA01',
  ]);
  expect(idsOf('AWS::IAM::ManagedPolicy')).toEqual(['TokenExchangeSessionRevocationsBoundaryFF77147E']);
});

test('nor do those of the roles that sign, which key policies name', () => {
  const signing = Object.entries(resources).flatMap(([, { Type, Properties }]) =>
    Type === 'AWS::IAM::Policy' && JSON.stringify(Properties).includes('kms:Sign') ? [Properties['Roles']] : [],
  );
  expect(signing).toEqual([
    [{ Ref: 'TokenExchangeAuditHeadsSignerRole8E94B82A' }],
    [{ Ref: 'TokenExchangeEndpointsTokenRole54D9CA01' }],
    [{ Ref: 'TokenExchangeEndpointsIntrospectRoleE5AA0472' }],
    [{ Ref: 'TokenExchangeEndpointsRevokeRole1D45D8DD' }],
    [{ Ref: 'TokenExchangeEndpointsStatusListsRole0E1F844F' }],
  ]);
});

test('besides them only logs and the versions of functions stay, and whatever stays does so when it is replaced, too', () => {
  expect(new Set(kept.map(([, { Type }]) => Type))).toEqual(
    new Set([
      ...['AWS::CloudFront::Distribution', 'AWS::CloudFront::CachePolicy', 'AWS::CloudFront::Function'],
      'AWS::CloudFront::OriginAccessControl',
      ...[
        'AWS::DynamoDB::GlobalTable',
        'AWS::KMS::Key',
        'AWS::IAM::Role',
        'AWS::IAM::ManagedPolicy',
        'AWS::S3::Bucket',
        // What a bucket lets nobody do, and CloudFront read, it does as well without the stack.
        'AWS::S3::BucketPolicy',
      ],
      ...['AWS::Logs::LogGroup', 'AWS::Lambda::Version'],
    ]),
  );
  expect(kept.filter(([, { UpdateReplacePolicy }]) => UpdateReplacePolicy !== 'Retain')).toEqual([]);
  expect(idsOf('AWS::S3::BucketPolicy')).toHaveLength(idsOf('AWS::S3::Bucket').length);
});

test('a first deployment that fails leaves no distribution, role or boundary, only the protected table and keys a keyring may name', () => {
  // Keys that come with a policy may come later, too, and the keyring outlives a rollback.
  const isLater = (id: string): boolean => /SigningKeys(answer|status|session)/.test(id);
  const policyOf = (type: string) =>
    new Set(idsOf(type).flatMap((id) => (isLater(id) ? [] : [resources[id]?.DeletionPolicy])));
  expect(
    idsOf('AWS::KMS::Key')
      .filter(isLater)
      .map((id) => resources[id]?.DeletionPolicy),
  ).toEqual(['Retain', 'Retain']);
  for (const type of ['AWS::CloudFront::Distribution', 'AWS::KMS::Key', 'AWS::IAM::Role', 'AWS::IAM::ManagedPolicy']) {
    expect(policyOf(type)).toEqual(new Set(['RetainExceptOnCreate']));
  }
  expect(policyOf('AWS::DynamoDB::GlobalTable')).toEqual(new Set(['Retain']));
});

test('the boundary keeps its description: with another one IAM would make another policy, which no role has', () => {
  const [id = ''] = idsOf('AWS::IAM::ManagedPolicy');
  expect(resources[id]?.Properties['Description']).toBe(
    'Permissions boundary of the roles whose sessions Cambio can revoke',
  );
});

test('the app protects its stack from being deleted', () => {
  expect(stack.terminationProtection).toBe(true);
});

/**
 * Of the latest release; a new one writes its own, of the resources here: `JSON.stringify(lasting(resources))`.
 */
const released = JSON.parse(readFileSync(join(import.meta.dirname, 'released.json'), 'utf8')) as ReturnType<
  typeof lasting
>;

/** Ids of what an update from the release to these resources would replace or lose. */
function replacedBy(updated: typeof resources): string[] {
  const now = lasting(updated);
  return Object.keys(released).filter((id) => JSON.stringify(now[id]) !== JSON.stringify(released[id]));
}

test('an update from the latest release replaces no table, key, distribution, function of it, role or boundary', () => {
  expect(replacedBy(resources)).toEqual([]);
  const table = 'TokenExchangeRecordsTable01001D6B';
  const key = 'TokenExchangeSigningKeysES2569653DFC8';
  const role = 'TokenExchangeEndpointsTokenRole54D9CA01';
  const changed = (id: string, properties: object) => {
    const { Type = '', Properties = {} } = resources[id] ?? {};
    return replacedBy({ ...resources, [id]: { Type, Properties: { ...Properties, ...properties } } });
  };
  expect(changed(table, { KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }] })).toEqual([table]);
  expect(changed(table, { TableName: 'records' })).toEqual([table]);
  expect(changed(key, { KeySpec: 'ECC_NIST_P384' })).toEqual([key]);
  expect(changed(role, { RoleName: 'cambio' })).toEqual([role]);
  expect(changed(role, { Description: 'another' })).toEqual([]);
  const { [table]: _lost, ...others } = resources;
  expect(replacedBy(others)).toEqual([table]);
});
