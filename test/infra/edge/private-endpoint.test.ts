import { App, Stack } from 'aws-cdk-lib';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import { InterfaceVpcEndpoint, type IVpc, Vpc } from 'aws-cdk-lib/aws-ec2';
import { LayerVersion } from 'aws-cdk-lib/aws-lambda';
import { expect, test } from 'vitest';
import { checkProps } from '../../../infra/check-props.ts';
import { type CheckedPrivateProps, requireReach } from '../../../infra/edge/private-endpoint.ts';
import { PropsError } from '../../../infra/props-error.ts';
import type { TokenExchange } from '../../../infra/token-exchange.ts';
import { artifact, type Json, ordersAudience, referencesOf, resourcesOf, templateOf } from '../synthesized.ts';

const operators = ['arn:aws:iam::111122223333:role/operators'];
const certificateArn = 'arn:aws:acm:eu-west-1:111122223333:certificate/a';
const issuerDomain = (stack: Stack) => ({
  domainName: 'sts.acme.example',
  certificate: Certificate.fromCertificateArn(stack, 'Certificate', certificateArn),
});

let made: TokenExchange | undefined;
const template = templateOf(
  (stack) => {
    const vpc = new Vpc(stack, 'Vpc') as IVpc;
    const collector = LayerVersion.fromLayerVersionArn(
      stack,
      'Collector',
      'arn:aws:lambda:eu-west-1:1:layer:collector:1',
    );
    return {
      privateEndpoint: {},
      tracing: { collector },
      vpcEndpoints: true,
      issuerDomain: issuerDomain(stack),
      operators,
      vpc,
    };
  },
  (exchange) => {
    made = exchange;
  },
);
const only = (type: string): Readonly<Record<string, Json>> => {
  const [resource, ...more] = Object.values(resourcesOf(template, type));
  expect(more).toEqual([]);
  return resource?.Properties ?? {};
};
const ids = (type: string) => Object.keys(resourcesOf(template, type));
const endpointOf = (service: string): string =>
  Object.entries(resourcesOf(template, 'AWS::EC2::VPCEndpoint')).find(([, { Properties }]) =>
    JSON.stringify(Properties['ServiceName']).includes(`.${service}"`),
  )?.[0] ?? '';

interface Statement {
  readonly Effect: string;
  readonly Principal: Json;
  readonly Action: Json;
  readonly Resource: Json;
  readonly Condition?: Json;
}

test('the API is private, and its policy and its name let in who comes by the endpoint, and nobody else', () => {
  const endpoint = endpointOf('execute-api');
  const { EndpointConfiguration, Policy, DisableExecuteApiEndpoint } = only('AWS::ApiGateway::RestApi');
  expect(EndpointConfiguration).toEqual({ Types: ['PRIVATE'], VpcEndpointIds: [{ Ref: endpoint }] });
  expect(DisableExecuteApiEndpoint).toBe(false);
  const elsewhere = {
    Effect: 'Deny',
    Principal: { AWS: '*' },
    Action: 'execute-api:Invoke',
    Resource: 'execute-api:/*',
    Condition: { StringNotEquals: { 'aws:SourceVpce': [{ Ref: endpoint }] } },
  };
  const { Statement } = Policy as unknown as { readonly Statement: readonly Statement[] };
  expect(Statement).toContainEqual(elsewhere);
  // As ever, whoever is no operator is kept from administration.
  expect(Statement.filter(({ Effect }) => Effect === 'Deny')).toContainEqual(
    expect.objectContaining({ Resource: 'execute-api:/live/*/admin/*' }),
  );
  const name = only('AWS::ApiGateway::DomainNameV2');
  expect(name).toMatchObject({
    DomainName: 'sts.acme.example',
    CertificateArn: certificateArn,
    EndpointConfiguration: { Types: ['PRIVATE'] },
    SecurityPolicy: 'TLS_1_2',
  });
  expect((name['Policy'] as unknown as { readonly Statement: readonly Statement[] }).Statement).toEqual([
    expect.objectContaining({ Effect: 'Allow', Resource: 'execute-api:/*' }),
    elsewhere,
  ]);
  expect(only('AWS::ApiGateway::BasePathMappingV2')).toMatchObject({ Stage: 'live' });
  expect(only('AWS::ApiGateway::DomainNameAccessAssociation')).toMatchObject({
    AccessAssociationSource: { Ref: endpoint },
    AccessAssociationSourceType: 'VPCE',
  });
});

test('one name is issuer and API base, and there is no CloudFront', () => {
  expect(ids('AWS::CloudFront::Distribution')).toEqual([]);
  expect([made?.issuer, made?.apiBase]).toEqual(['https://sts.acme.example', 'https://sts.acme.example']);
  expect(() => made?.issuerDistribution).toThrow(PropsError);
  const routes = Object.values(resourcesOf(template, 'AWS::ApiGateway::Resource')).map(
    ({ Properties }) => Properties['PathPart'],
  );
  expect(routes).toContain('jwks.json');
  const [discovery] = Object.values(resourcesOf(template, 'AWS::Lambda::Function')).filter(({ Properties }) =>
    String(Properties['Description']).includes('server metadata'),
  );
  expect(discovery?.Properties['Environment']).toMatchObject({
    Variables: { ISSUER: 'https://sts.acme.example', API_BASE: 'https://sts.acme.example' },
  });
});

test('the VPC gets ways to KMS, STS and DynamoDB, for credentials of this account and for who has none yet', () => {
  expect(ids('AWS::EC2::VPCEndpoint')).toHaveLength(5);
  const policyOf = (service: string) =>
    (
      resourcesOf(template, 'AWS::EC2::VPCEndpoint')[endpointOf(service)]?.Properties['PolicyDocument'] as unknown as {
        readonly Statement: readonly Statement[];
      }
    ).Statement;
  const ofThisAccount = {
    Effect: 'Allow',
    Principal: { AWS: '*' },
    Action: '*',
    Resource: '*',
    Condition: { StringEquals: { 'aws:PrincipalAccount': { Ref: 'AWS::AccountId' } } },
  };
  expect(policyOf('kms')).toEqual([ofThisAccount]);
  expect(policyOf('dynamodb')).toEqual([ofThisAccount]);
  // A collector sends to it from there.
  expect(policyOf('xray')).toEqual([ofThisAccount]);
  expect(policyOf('sts')).toEqual([
    ofThisAccount,
    expect.objectContaining({ Action: ['sts:AssumeRoleWithSAML', 'sts:AssumeRoleWithWebIdentity'] }),
  ]);
  const inVpc = Object.values(resourcesOf(template, 'AWS::Lambda::Function')).filter(
    ({ Properties }) => Properties['VpcConfig'] && String(Properties['Description']).startsWith('Cambio:'),
  );
  expect(inVpc).toHaveLength(4);
});

test('props that do not go with it are refused in one line, and those that do are not', () => {
  const stack = new Stack(new App({ analyticsReporting: false }));
  const vpc = new Vpc(stack, 'Vpc') as IVpc;
  const vpcEndpoints = [
    InterfaceVpcEndpoint.fromInterfaceVpcEndpointAttributes(stack, 'Api', { vpcEndpointId: 'vpce-1', port: 443 }),
  ];
  const valid: CheckedPrivateProps = {
    privateEndpoint: { vpcEndpoints },
    issuerDomain: issuerDomain(stack),
    operators,
  };
  const refusal = (changes: Readonly<Record<string, unknown>>): string => {
    try {
      checkProps({ ...valid, ...changes } as CheckedPrivateProps);
      return '';
    } catch (error) {
      expect(error).toBeInstanceOf(PropsError);
      expect((error as Error).message).not.toContain('\n');
      return (error as PropsError).message;
    }
  };
  expect(refusal({})).toBe('');
  expect(refusal({ privateEndpoint: {}, vpc })).toBe('');
  expect(refusal({ operators: [] })).toBe('');
  expect(refusal({ privateEndpoint: {} })).toContain('privateEndpoint needs vpcEndpoints');
  expect(refusal({ privateEndpoint: { vpcEndpoints: [] }, vpc })).toContain('privateEndpoint needs vpcEndpoints');
  expect(refusal({ issuerDomain: undefined })).toContain('privateEndpoint needs issuerDomain');
  expect(refusal({ operators: undefined })).toContain('privateEndpoint needs operators');
  const domain = { ...valid.issuerDomain, domainName: 'api.acme.example' };
  expect(refusal({ domain })).toContain('leave domain out');
  expect(refusal({ domain, privateEndpoint: undefined })).toBe('');
  expect(refusal({ vpcEndpoints: true })).toBe('vpcEndpoints are made in the vpc of the construct');
  expect(refusal({ vpcEndpoints: true, vpc })).toBe('');
});

test('Status Lists and web identities, which need the internet, are refused by name', () => {
  const arn = 'arn:aws:iam::111122223333:role/deploy';
  const deploy = { name: 'deploy', arn, via: 'web-identity', ttl: 900, maxTtl: 900 } as const;
  const withStatus = { ...artifact, audiences: { 'orders-api': { ...ordersAudience, status: true } as const } };
  expect(() => requireReach(withStatus)).toThrow(/^status: true does not go with privateEndpoint \(orders-api\)/);
  expect(() => requireReach({ ...artifact, roles: { deploy } })).toThrow(
    /^via: web-identity does not go with privateEndpoint \(deploy\)/,
  );
  const assumed = { ...artifact, roles: { deploy: { ...deploy, via: 'assume-role' } as const } };
  expect(() => requireReach(assumed)).not.toThrow();
});

test('the name waits for the stage that it leads to', () => {
  const [mapping] = Object.values(resourcesOf(template, 'AWS::ApiGateway::BasePathMappingV2'));
  expect(mapping?.DependsOn).toEqual(expect.arrayContaining(ids('AWS::ApiGateway::Stage')));
  expect(referencesOf(mapping?.Properties['DomainNameArn'])).toEqual(ids('AWS::ApiGateway::DomainNameV2'));
});
