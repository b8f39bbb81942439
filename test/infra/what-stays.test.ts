// What others have written down of a deployment, and so outlives the stack and never gets another logical id.
import { App } from 'aws-cdk-lib';
import { expect, test } from 'vitest';
import { CambioStack } from '../../infra/cambio-stack.ts';
import type { PolicyArtifact } from '../../shared/policy/compiled-policy.ts';
import { artifact, githubIssuer, inTemporaryFolder, ordersAudience, unstaged } from './synthesized.ts';

/** A policy by which every function that can sign does, and every resource that is there under some policy is. */
const whole: PolicyArtifact = {
  ...artifact,
  issuers: {
    github: {
      ...githubIssuer,
      introspection: { url: 'https://idp.example/introspect', client: 'cambio', cache: 0, network: 'public' },
    },
  },
  audiences: { 'orders-api': { ...ordersAudience, status: true } },
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
  const quickly = { analyticsReporting: false, builtinCloudFormationValidation: false };
  const app = new App({ outdir, context: unstaged(), ...quickly });
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
  ]);
  expect(idsOf('AWS::DynamoDB::GlobalTable')).toEqual(['TokenExchangeRecordsTable01001D6B']);
  expect(idsOf('AWS::KMS::Key')).toEqual([
    'TokenExchangeSigningKeysES2569653DFC8',
    'TokenExchangeSigningKeysRS2567895F9BF',
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
      ...['AWS::DynamoDB::GlobalTable', 'AWS::KMS::Key', 'AWS::IAM::Role', 'AWS::IAM::ManagedPolicy'],
      ...['AWS::Logs::LogGroup', 'AWS::Lambda::Version'],
    ]),
  );
  expect(kept.filter(([, { UpdateReplacePolicy }]) => UpdateReplacePolicy !== 'Retain')).toEqual([]);
});

test('a first deployment that fails leaves neither distribution nor keys, role or boundary, only the protected table', () => {
  const policyOf = (type: string) => new Set(idsOf(type).map((id) => resources[id]?.DeletionPolicy));
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
