import { hash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Stack } from 'aws-cdk-lib';
import { Match, type Template } from 'aws-cdk-lib/assertions';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import { afterAll, describe, expect, test } from 'vitest';
import { checkProps } from '../../../infra/check-props.ts';
import { warnOfNoCertificates } from '../../../infra/mtls/mutual-tls.ts';
import { compilePolicy } from '../../../infra/policy/compile-policy.ts';
import type { PropsError } from '../../../infra/props-error.ts';
import type { TokenExchange, TokenExchangeProps } from '../../../infra/token-exchange.ts';
import type { PolicyArtifact } from '../../../shared/policy/compiled-policy.ts';
import { selfSigned } from '../../shared/issuers/certificate.ts';
import { artifact, ordersAudience, referencesOf, resourcesOf, templateOf } from '../synthesized.ts';

const folder = mkdtempSync(join(tmpdir(), 'cambio-mtls-'));
afterAll(() => rmSync(folder, { recursive: true }));
const years = (count: number) => new Date(Date.now() + count * 31_536_000_000);
const certified = (name: string, ca = false) =>
  selfSigned({ notBefore: years(-1), notAfter: years(1), ip: '192.0.2.7', name, ca });
const truststore = join(folder, 'clients.pem');
const root = certified('root', true).cert;
writeFileSync(truststore, root);

const certificateArn = 'arn:aws:acm:eu-west-1:111122223333:certificate/a';
const domainOf = (stack: Stack, domainName: string) => ({
  domainName,
  certificate: Certificate.fromCertificateArn(stack, `Certificate of ${domainName}`, certificateArn),
});
const withMtls = (more: (stack: Stack) => Partial<TokenExchangeProps>, look: (exchange: TokenExchange) => void) =>
  templateOf((stack) => ({ mtls: { domain: domainOf(stack, 'mtls.acme.example'), truststore }, ...more(stack) }), look);

let target: string | undefined;
const template = withMtls(
  (stack) => ({ domain: domainOf(stack, 'api.acme.example') }),
  (exchange) => {
    target = exchange.mutualTls?.domainTarget;
  },
);
const ended = selfSigned({ notBefore: years(-2), notAfter: years(-1), ip: '192.0.2.7', name: 'old', ca: true }).cert;
let warnings: readonly unknown[] = [];
/** Without a domain for the others, and with a certificate more in the file. */
const alone = (() => {
  writeFileSync(truststore, root + ended);
  const look = (exchange: TokenExchange): void => {
    warnings = exchange.node.findAll().flatMap(({ node }) => node.metadata.map(({ data }) => data));
  };
  return withMtls(() => ({}), look);
})();
const own = certified('vault').cert;
/** Of a policy with a client's own certificate, and tenants put at run time; without a file. */
const ofPolicy = (() => {
  const policy = join(folder, 'policy.yaml');
  const auth = `{ self_signed_tls_client_auth: { certificates: ${JSON.stringify(own)} } }`;
  writeFileSync(policy, `version: 1\ntenants: { source: table }\nclients:\n  vault: { auth: ${auth} }\n`);
  return templateOf((stack) => ({ policy, mtls: { domain: domainOf(stack, 'mtls.acme.example') } }));
})();
const only = (of: Template, type: string, wanted: object) => {
  const found = Object.entries(of.findResources(type, { Properties: wanted }));
  expect(found).toHaveLength(1);
  return found[0] ?? expect.fail();
};
const ofMtls = { DomainName: 'mtls.acme.example' };

describe('the name for callers with a certificate', () => {
  test('is a second Regional one from TLS 1.2 on, of the same API, and trusts one version of one object', () => {
    const [id, { Properties }] = only(template, 'AWS::ApiGateway::DomainName', ofMtls);
    const [bucket] = only(template, 'AWS::S3::Bucket', {
      VersioningConfiguration: { Status: 'Enabled' },
      ObjectLockEnabled: Match.absent(),
      LifecycleConfiguration: Match.absent(),
    });
    const [put] = only(template, 'AWS::CloudFormation::CustomResource', { Digest: Match.anyValue() });
    expect(Properties).toMatchObject({
      EndpointConfiguration: { Types: ['REGIONAL'] },
      RegionalCertificateArn: certificateArn,
      SecurityPolicy: 'TLS_1_2',
      MutualTlsAuthentication: {
        TruststoreUri: { 'Fn::Join': ['', ['s3://', { Ref: bucket }, '/truststore.pem']] },
        TruststoreVersion: { 'Fn::GetAtt': [put, 'Version'] },
      },
    });
    const [api] = Object.keys(resourcesOf(template, 'AWS::ApiGateway::RestApi'));
    for (const domain of Object.keys(resourcesOf(template, 'AWS::ApiGateway::DomainName'))) {
      only(template, 'AWS::ApiGateway::BasePathMapping', { DomainName: { Ref: domain }, RestApiId: { Ref: api } });
    }
    expect(target).toContain('Token[');
    expect(referencesOf(template.toJSON()['Outputs'] as never)).not.toContain(id);
    template.hasOutput('*', { Value: 'https://mtls.acme.example' });
  });

  test('switches the stage’s own URL off where the API has a domain for the others, and not where it has none', () => {
    const urlOff = (of: Template) =>
      Object.values(resourcesOf(of, 'AWS::ApiGateway::RestApi')).map(
        ({ Properties }) => Properties['DisableExecuteApiEndpoint'],
      );
    expect(urlOff(template)).toEqual([true]);
    expect(urlOff(alone)).toEqual([false]);
  });

  test('is known to the functions that state it, to the one that checks proofs, and to the one that compiles tenants', () => {
    const of = (names: Template) =>
      Object.entries(resourcesOf(names, 'AWS::Lambda::Function')).flatMap(([id, { Properties }]) => {
        const { Variables } = Properties['Environment'] as { readonly Variables: Readonly<Record<string, unknown>> };
        return Variables['MTLS_BASE'] === undefined
          ? []
          : [[id.replace(/^TokenExchange|Function.*/g, ''), Variables['MTLS_BASE']]];
      });
    expect(Object.fromEntries(of(template))).toEqual({
      EndpointsToken: 'https://mtls.acme.example',
      EndpointsDiscovery: 'https://mtls.acme.example',
      DocumentsWriter: 'https://mtls.acme.example',
    });
    expect(Object.fromEntries(of(ofPolicy))).toMatchObject({ EndpointsTenants: 'https://mtls.acme.example' });
    expect(of(templateOf())).toEqual([]);
  });
});

describe('the trust store', () => {
  test('lies in a bucket that is private, encrypted, versioned, kept, and that the deploy alone writes', () => {
    const [bucket, { DeletionPolicy, Properties }] = only(template, 'AWS::S3::Bucket', {
      VersioningConfiguration: { Status: 'Enabled' },
      ObjectLockEnabled: Match.absent(),
      LifecycleConfiguration: Match.absent(),
    });
    expect(DeletionPolicy).toBe('RetainExceptOnCreate');
    expect(Properties).toMatchObject({
      BucketEncryption: { ServerSideEncryptionConfiguration: [expect.anything()] },
      PublicAccessBlockConfiguration: { BlockPublicAcls: true, RestrictPublicBuckets: true },
    });
    const [, { Properties: policy }] = only(template, 'AWS::S3::BucketPolicy', { Bucket: { Ref: bucket } });
    const [writer] = only(template, 'AWS::Lambda::Function', {
      Environment: { Variables: { TRUST_STORE_BUCKET: { Ref: bucket } } },
    });
    const [role] = referencesOf(resourcesOf(template, 'AWS::Lambda::Function')[writer]?.Properties['Role']);
    expect(policy.PolicyDocument.Statement).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
        expect.objectContaining({
          Effect: 'Deny',
          Action: ['s3:DeleteObject', 's3:DeleteObjectVersion', 's3:PutObject'],
          Condition: { StringNotEquals: { 'aws:PrincipalArn': [{ 'Fn::GetAtt': [role, 'Arn'] }] } },
        }),
      ]),
    );
    const [, { Properties: rights }] = only(template, 'AWS::IAM::Policy', { Roles: [{ Ref: role }] });
    const actions = rights.PolicyDocument.Statement.flatMap(({ Action }: { readonly Action: unknown }) => Action);
    expect(actions.filter((action: string) => action.startsWith('s3:'))).toEqual(['s3:PutObject']);
  });

  test('is put again when the file or a client’s own certificate is another, and never otherwise', () => {
    const digestOf = (of: Template) =>
      only(of, 'AWS::CloudFormation::CustomResource', { Digest: Match.anyValue() })[1].Properties.Digest;
    const digests = [root, root + ended, own].map((pem) => hash('sha256', pem, 'hex'));
    expect([template, alone, ofPolicy].map(digestOf)).toEqual(digests);
  });

  test('has every certificate that clients sign themselves, those that take the place of others too', () => {
    const [one, other] = [certified('one').cert, certified('other').cert].map((pem) => JSON.stringify(pem));
    const path = join(folder, 'lists.yaml');
    const clients = [
      `a: { auth: { self_signed_tls_client_auth: { certificates: [${one}] } } }`,
      `b: { auth: { self_signed_tls_client_auth: [{ certificates: ${one}, notAfter: 2099-01-31 }, { certificates: ${other} }] } }`,
      'c: { auth: { tls_client_auth: { san_dns: c.example } } }',
    ];
    writeFileSync(path, ['version: 1', 'clients:', ...clients.map((client) => `  ${client}`)].join('\n'));
    expect(compilePolicy(path).certificates?.map((pem) => JSON.stringify(pem))).toEqual([one, one, other]);
  });

  test('is looked at by synth, which warns of what API Gateway may stumble over', () => {
    expect(warnings).toContainEqual(
      expect.stringMatching(/^CN=old of the trust store has ended.*cambio:trust-store\]$/),
    );
    expect(warnings).not.toContainEqual(expect.stringContaining('CN=root'));
  });
});

describe('props', () => {
  const certificate = {} as never;
  const mtls = { domain: { domainName: 'mtls.acme.example', certificate } };
  const own = { domainName: 'mtls.acme.example' };
  const refusal = (props: Parameters<typeof checkProps>[0]): string | undefined => {
    try {
      return void checkProps(props);
    } catch (error) {
      return (error as PropsError).message;
    }
  };

  test('are of a public API that is no trial, under a name of its own', () => {
    for (const one of [mtls, own]) {
      expect(refusal({ mtls: one })).toBeUndefined();
      for (const name of ['domain', 'issuerDomain'] as const) {
        expect(refusal({ mtls: one, [name]: { domainName: 'MTLS.acme.example', certificate } })).toContain(
          'a name of its own',
        );
        expect(refusal({ mtls: one, [name]: { domainName: 'other.acme.example', certificate } })).toBeUndefined();
      }
    }
    const privately = {
      ...{ issuerDomain: { domainName: 'sts.acme.example', certificate }, vpc: {} as never },
      ...{ privateEndpoint: {}, operators: ['arn:aws:iam::111122223333:role/operators'] },
    };
    expect(refusal(privately)).toBeUndefined();
    expect(refusal({ ...privately, mtls })).toContain('mtls does not go with privateEndpoint');
    expect(refusal({ mtls, removalPolicy: 'destroy' })).toContain('mtls is not for a stack on trial');
    expect(refusal({ mtls: own, removalPolicy: 'destroy' })).toBeUndefined();
  });

  test('have the name of a host', () => {
    const named = (domainName: string): string | undefined => refusal({ mtls: { domainName } });
    for (const end of [':443', '.', '/live']) {
      expect(named(`mtls.acme.example${end}`)).toContain(
        `mtls is the name of a host, and "mtls.acme.example${end}" is not`,
      );
    }
    expect(named('https://mtls.acme.example')).toContain('mtls is the name of a host');
    expect(named('mtls')).toContain('mtls is the name of a host');
    expect(named('mtls.acme.example')).toBeUndefined();
    expect(named('xn--mtls-1.acme.example')).toBeUndefined();
  });

  test('have the name as API Gateway has it, in small letters', () => {
    for (const of of [mtls.domain, own]) {
      const named = { ...of, domainName: 'MTLS.acme.example' };
      expect(refusal({ mtls: of === own ? named : { domain: { ...mtls.domain, ...named } } })).toContain(
        'in small letters',
      );
    }
  });

  test('a domain of one’s own is stated and nothing is made for it', () => {
    const template = templateOf({ mtls: own });
    template.hasResourceProperties('AWS::Lambda::Function', {
      Environment: { Variables: { MTLS_BASE: 'https://mtls.acme.example' } },
    });
    template.resourceCountIs('AWS::ApiGateway::DomainName', 0);
    expect(JSON.stringify(template.toJSON())).not.toContain('truststore');
  });

  test('without the name, who needs a certificate is told at synth that nobody has one', () => {
    const auth = { method: 'tls_client_auth', name: 'san_dns', value: 'bank.example' } as const;
    const certified: PolicyArtifact = {
      ...artifact,
      clients: { bank: { name: 'bank', auth, introspects: [] } },
      audiences: { 'bank-api': { ...ordersAudience, name: 'bank-api', binding: 'mtls' } },
    };
    const warningsOf = (policy: PolicyArtifact) => {
      const stack = new Stack();
      warnOfNoCertificates(stack, policy);
      return stack.node.metadata.flatMap(({ type, data }) => (type === 'aws:cdk:warning' ? [data] : []));
    };
    expect(warningsOf(certified)).toEqual([expect.stringContaining('what needs one is refused: bank, bank-api')]);
    expect(warningsOf({ ...certified, local: true })).toEqual([]);
    expect(warningsOf(artifact)).toEqual([]);
  });
});
