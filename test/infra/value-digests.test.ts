// A value that becomes another at deploy reaches the alias `live`: by a new version of every function that has it.
import { CfnParameter, type Stack } from 'aws-cdk-lib';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import { expect, test } from 'vitest';
import { pseudoParameters, referencesOf } from '../../infra/local/template/deployment.ts';
import { createResolver } from '../../infra/local/template/intrinsics.ts';
import type { StackTemplate } from '../../infra/local/template/stack-template.ts';
import { digestsOf } from '../../shared/aws/value-digests.ts';
import { artifact, policyReaders, type Resource, resourcesOf, templateOf } from './synthesized.ts';

type Synthesized = ReturnType<typeof templateOf>;

const given = (stack: Stack) => {
  const url = new CfnParameter(stack, 'ClusterIssuer').valueAsString;
  const domainName = new CfnParameter(stack, 'IssuerName').valueAsString;
  const arn = 'arn:aws:acm:us-east-1:111122223333:certificate/a';
  const certificate = Certificate.fromCertificateArn(stack, 'Certificate', arn);
  return { policy: { artifact, values: { 'issuers.eks.url': url } }, issuerDomain: { domainName, certificate } };
};
const template = templateOf(given);

/** What CloudFormation makes of each version when it is given these parameters: its properties, by the function's name. */
function versionsWith(of: Synthesized, parameters: Readonly<Record<string, string>>) {
  const whole = of.toJSON() as StackTemplate;
  const resolve = (value: unknown): unknown => resolver.resolve(value);
  const created = new Map();
  const resolver = createResolver({
    template: whole,
    pseudo: pseudoParameters,
    parameters: { IssuerName: 'id.acme.example', ClusterIssuer: '', ...parameters },
    references: referencesOf({ template: whole, resolve, created }),
  });
  for (const [id, { Properties }] of Object.entries(resourcesOf(of, 'AWS::CloudFormation::CustomResource'))) {
    if ('Values' in Properties) created.set(id, { ref: id, attributes: digestsOf(resolve(Properties['Values'])) });
  }
  const versions = Object.entries(resourcesOf(of, 'AWS::Lambda::Version'));
  return Object.fromEntries(
    versions.map(([id, { Properties }]) => [
      /(?:Endpoints|KeyringSeed|ValueDigests|Audit|(?=DocumentsWriter))(\w+)Function/.exec(id)?.[1] ?? id,
      resolve(Properties) as Resource['Properties'],
    ]),
  );
}

function changedBetween(before: Readonly<Record<string, string>>, after: Readonly<Record<string, string>>) {
  const [old, now] = [versionsWith(template, before), versionsWith(template, after)];
  return Object.keys(old).filter((name) => JSON.stringify(old[name]) !== JSON.stringify(now[name]));
}

test('another value of the policy replaces the versions of the functions that read it, the same value none', () => {
  const eks = { ClusterIssuer: 'https://eks.example/a' };
  expect(changedBetween(eks, { ClusterIssuer: 'https://eks.example/b' }).sort()).toEqual(policyReaders);
  expect(changedBetween(eks, eks)).toEqual([]);
});

test('so does another name of the issuer, of the functions that say it', () => {
  const changed = changedBetween({ IssuerName: 'a.acme.example' }, { IssuerName: 'b.acme.example' });
  expect(changed.sort()).toEqual([
    'Discovery',
    'DocumentsWriter',
    'Introspect',
    'Revoke',
    'StatusLists',
    'SweepSweeper',
    'Token',
    'WritingWriter',
  ]);
});

test('a description has room for the digests of all values', () => {
  const descriptions = Object.values(versionsWith(template, {})).flatMap(({ Description }) => Description ?? []);
  expect(descriptions).toContainEqual(expect.stringMatching(/^values [0-9a-f]{64} [0-9a-f]{64}$/));
  expect('values '.length + 3 * 65).toBeLessThanOrEqual(256);
});

test('where nothing waits for the deploy there is no function for it, and versions have no description of their own', () => {
  const usual = templateOf();
  expect(Object.values(versionsWith(usual, {})).filter(({ Description }) => Description !== undefined)).toEqual([]);
  expect(Object.keys(resourcesOf(usual, 'AWS::Lambda::Function')).join()).not.toContain('ValueDigests');
});

test('a version is made after its function has the value, and the value is given as text', () => {
  for (const { Properties } of Object.values(resourcesOf(template, 'AWS::Lambda::Version'))) {
    expect(Properties['FunctionName']).toEqual({ Ref: expect.any(String) });
  }
  expect(() => digestsOf(undefined)).toThrow('object of strings');
  expect(() => digestsOf({ a: 1 })).toThrow('object of strings');
  expect(digestsOf({ a: '' })).toEqual({ a: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855' });
});
