import type { Stack } from 'aws-cdk-lib';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import { describe, expect, test } from 'vitest';
import { openApiDocument } from '../../../infra/release/openapi/document.ts';
import { artifact, type Json, type Resource, referencesOf, resourcesOf, templateOf } from '../synthesized.ts';

// Every route there can be: those of tenants are there where the policy lets them be put at run time.
const tenants = { source: 'table', exports: [], exported: {} } as const;
const template = templateOf({ policy: { artifact: { ...artifact, tenants }, values: {} } });
const resources = resourcesOf(template, 'AWS::ApiGateway::Resource');
const methods = Object.values(resourcesOf(template, 'AWS::ApiGateway::Method'));

function pathOf(reference: Json | undefined): string {
  const [id = ''] = referencesOf(reference);
  const resource = resources[id];
  if (!resource) return '';
  return `${pathOf(resource.Properties['ParentId'])}/${String(resource.Properties['PathPart'])}`;
}

const methodsOf = (path: string) => methods.filter(({ Properties }) => pathOf(Properties['ResourceId']) === path);
const methodOf = (path: string, httpMethod: string) =>
  methodsOf(path).find(({ Properties }) => Properties['HttpMethod'] === httpMethod);
const namesOf = (path: string) => methodsOf(path).map(({ Properties }) => String(Properties['HttpMethod']));

interface Mock {
  readonly Type: string;
  readonly PassthroughBehavior: string;
  readonly RequestTemplates: Readonly<Record<string, string>>;
  readonly IntegrationResponses: readonly [
    {
      readonly StatusCode: string;
      readonly ResponseParameters: Readonly<Record<string, string>>;
      readonly ResponseTemplates: Readonly<Record<string, string>>;
    },
  ];
}

const propertiesOf = (path: string) => methodOf(path, 'ANY')?.Properties ?? {};
const mockOf = (path: string) => propertiesOf(path)['Integration'] as unknown as Mock;

const endpoints = {
  '/token': ['POST'],
  '/credentials': ['GET'],
  '/introspect': ['POST'],
  '/revoke': ['POST'],
  '/events': ['POST'],
  '/status-lists/{id}': ['GET', 'HEAD'],
  '/.well-known/oauth-authorization-server': ['GET', 'HEAD'],
  '/.well-known/openid-configuration': ['GET', 'HEAD'],
  '/.well-known/jwks.json': ['GET', 'HEAD'],
  '/admin/decisions': ['GET', 'HEAD'],
  '/admin/decisions/{decision_id}': ['GET', 'HEAD'],
  '/admin/revocations': ['POST'],
  '/admin/keys': ['GET', 'HEAD'],
  '/admin/keys/rotate': ['POST'],
  '/admin/keys/{kid}/revoke': ['POST'],
  '/admin/suspensions': ['GET', 'HEAD'],
  '/admin/suspensions/{kind}/{name+}': ['PUT', 'DELETE'],
  '/admin/tenants/{name}': ['GET', 'HEAD', 'PUT', 'DELETE'],
};
const notFound = [
  '',
  '/{proxy+}',
  '/.well-known',
  '/admin',
  '/admin/keys/{kid}',
  '/admin/suspensions/{kind}',
  '/admin/tenants',
  '/status-lists',
];

describe('routes', () => {
  test('the API has these resources and no others', () => {
    const paths = Object.keys(resources).map((id) => pathOf({ Ref: id }));
    expect(paths.sort()).toEqual([...Object.keys(endpoints), ...notFound.filter((path) => path !== '')].sort());
  });

  test.each(Object.entries(endpoints))('%s serves %j through an alias named live', (path, served) => {
    expect(namesOf(path).sort()).toEqual(['ANY', ...served].sort());
    const aliases = resourcesOf(template, 'AWS::Lambda::Alias');
    for (const name of served) {
      const integration = methodOf(path, name)?.Properties['Integration'] as Readonly<Record<string, Json>>;
      expect(integration['Type']).toBe('AWS_PROXY');
      const target = referencesOf(integration['Uri']).filter((id) => !id.startsWith('AWS::'));
      expect(target).toHaveLength(1);
      expect(aliases[target[0] ?? '']?.Properties['Name']).toBe('live');
    }
  });

  test('whoever calls /admin is authenticated by IAM, and nobody else is', () => {
    for (const [path, served] of Object.entries(endpoints)) {
      const wanted = path.startsWith('/admin/') ? 'AWS_IAM' : 'NONE';
      for (const name of served) expect(methodOf(path, name)?.Properties['AuthorizationType']).toBe(wanted);
    }
  });

  test('API Gateway may invoke aliases only, each for its own method of the stage', () => {
    const permissions = Object.values(resourcesOf(template, 'AWS::Lambda::Permission')).filter(
      ({ Properties }) => Properties['Principal'] === 'apigateway.amazonaws.com',
    );
    expect(permissions).toHaveLength(Object.values(endpoints).flat().length);
    const aliases = Object.keys(resourcesOf(template, 'AWS::Lambda::Alias'));
    for (const { Properties } of permissions) {
      expect(aliases).toContain(referencesOf(Properties['FunctionName'])[0]);
      expect(JSON.stringify(Properties['SourceArn'])).toMatch(
        /\/(POST\/(token|introspect|revoke|events|admin\/revocations|admin\/keys\/rotate|admin\/keys\/\*\/revoke)|GET\/credentials|(PUT|DELETE)\/admin\/suspensions\/\*\/\*|(GET|HEAD|PUT|DELETE)\/admin\/tenants\/\*|(GET|HEAD)\/(\.well-known\/[a-z.-]+|admin\/(suspensions|decisions|keys)|(admin\/decisions|status-lists)\/\*))"/,
      );
    }
  });
});

describe('404 and 405', () => {
  test.each(notFound)('%j answers 404 to every method', (path) => {
    expect(namesOf(path)).toEqual(['ANY']);
    const [answer] = mockOf(path).IntegrationResponses;
    expect(answer.StatusCode).toBe('404');
    expect(answer.ResponseParameters).toEqual({ 'method.response.header.Cache-Control': "'no-store'" });
    expect(JSON.parse(answer.ResponseTemplates['application/json'] ?? '')).toEqual({
      error: 'invalid_request',
      error_description: 'no such endpoint',
      code: 'invalid_request',
      message: 'no such endpoint',
    });
  });

  test.each(Object.entries(endpoints))('%s answers 405 to every method but %j, and names them', (path, served) => {
    const [answer] = mockOf(path).IntegrationResponses;
    expect(answer.StatusCode).toBe('405');
    expect(answer.ResponseParameters).toEqual({
      'method.response.header.Allow': `'${served.join(', ')}'`,
      'method.response.header.Cache-Control': "'no-store'",
    });
    expect(JSON.parse(answer.ResponseTemplates['application/json'] ?? '')).toEqual({
      error: 'invalid_request',
      error_description: 'method not allowed',
      code: 'invalid_request',
      message: 'method not allowed',
    });
  });

  test('a mock chooses its own status for every content type it lists and passes nothing through', () => {
    for (const path of [...notFound, ...Object.keys(endpoints)]) {
      const mock = mockOf(path);
      expect(mock).toMatchObject({ Type: 'MOCK', PassthroughBehavior: 'NEVER' });
      expect(Object.keys(mock.RequestTemplates)).toEqual(
        expect.arrayContaining([
          'application/json',
          'application/x-www-form-urlencoded',
          'text/plain',
          'text/csv',
          'image/png',
          'application/cbor',
          'application/merge-patch+json',
        ]),
      );
      for (const request of Object.values(mock.RequestTemplates)) {
        expect(String(JSON.parse(request).statusCode)).toBe(mock.IntegrationResponses[0].StatusCode);
      }
    }
  });

  test('every header a mock answers with is declared by its method', () => {
    for (const path of [...notFound, ...Object.keys(endpoints)]) {
      const [response] = propertiesOf(path)['MethodResponses'] as unknown as Mock['IntegrationResponses'];
      const [answer] = mockOf(path).IntegrationResponses;
      expect(response.StatusCode).toBe(answer.StatusCode);
      expect(Object.keys(response.ResponseParameters)).toEqual(Object.keys(answer.ResponseParameters));
    }
  });
});

describe('answers API Gateway makes itself', () => {
  const answers = Object.values(resourcesOf(template, 'AWS::ApiGateway::GatewayResponse'));
  const answerOf = (type: string) => answers.find(({ Properties }) => Properties['ResponseType'] === type)?.Properties;

  test('all are JSON in the words of OAuth and in those of the AWS SDKs, and none is stored', () => {
    expect(answers.length).toBeGreaterThan(10);
    for (const { Properties } of answers) {
      const templates = Properties['ResponseTemplates'] as Readonly<Record<string, string>>;
      expect(Object.keys(templates)).toEqual(['application/json']);
      const { error, error_description, ...forSdks } = JSON.parse(templates['application/json'] ?? '');
      expect([error, error_description]).toEqual([expect.any(String), expect.any(String)]);
      expect(forSdks).toEqual({ code: error, message: error_description });
      expect(Properties['ResponseParameters']).toMatchObject({ 'gatewayresponse.header.Cache-Control': "'no-store'" });
    }
  });

  test.each([
    ['DEFAULT_4XX', undefined, 'invalid_request', undefined],
    ['DEFAULT_5XX', '503', 'temporarily_unavailable', "'1'"],
    ['UNSUPPORTED_MEDIA_TYPE', '400', 'invalid_request', undefined],
    ['RESOURCE_NOT_FOUND', '404', 'invalid_request', undefined],
    ['REQUEST_TOO_LARGE', '413', 'invalid_request', undefined],
    ['MISSING_AUTHENTICATION_TOKEN', '403', 'access_denied', undefined],
    ['THROTTLED', '429', 'slow_down', "'1'"],
    ['QUOTA_EXCEEDED', '429', 'slow_down', "'60'"],
    ['INTEGRATION_FAILURE', '503', 'temporarily_unavailable', "'1'"],
    ['INTEGRATION_TIMEOUT', '503', 'temporarily_unavailable', "'1'"],
  ])('%s: status %s, %s, Retry-After %s', (type, status, error, retryAfter) => {
    const answer = answerOf(type);
    expect(answer?.['StatusCode']).toBe(status);
    const parameters = answer?.['ResponseParameters'] as Readonly<Record<string, string>>;
    expect(parameters['gatewayresponse.header.Retry-After']).toBe(retryAfter);
    expect(JSON.stringify(answer?.['ResponseTemplates'])).toContain(`\\"error\\":\\"${error}\\"`);
  });

  test('the deployment is made anew when one of them changes', () => {
    const [deployment] = Object.values(resourcesOf(template, 'AWS::ApiGateway::Deployment'));
    const ids = Object.keys(resourcesOf(template, 'AWS::ApiGateway::GatewayResponse'));
    expect(deployment?.DependsOn).toEqual(expect.arrayContaining(ids));
  });
});

describe('stage', () => {
  const [stage = {}] = Object.values(resourcesOf(template, 'AWS::ApiGateway::Stage')).map(
    ({ Properties }) => Properties,
  );

  test('it is named live, traced and throttled', () => {
    expect(stage).toMatchObject({ StageName: 'live', TracingEnabled: true });
    const [settings] = stage['MethodSettings'] as readonly Readonly<Record<string, Json>>[];
    expect(settings).toMatchObject({ HttpMethod: '*', ResourcePath: '/*', ThrottlingRateLimit: 1000 });
    // Of single methods each would be paid for; the stage's own are there without.
    expect(settings?.['MetricsEnabled']).toBe(false);
    // Execution logs hold headers and bodies, and so tokens.
    expect(settings).not.toHaveProperty('LoggingLevel');
    expect(settings).toMatchObject({ DataTraceEnabled: false });
  });

  test('its access log has listed fields and none that can hold a token', () => {
    const { Format } = stage['AccessLogSetting'] as { readonly Format: string };
    const fields = Object.values(JSON.parse(Format) as Record<string, string>);
    expect(fields.sort()).toEqual([
      '$context.error.responseType',
      '$context.httpMethod',
      '$context.identity.sourceIp',
      '$context.integrationLatency',
      '$context.requestId',
      '$context.requestTimeEpoch',
      '$context.resourcePath',
      '$context.responseLatency',
      '$context.responseLength',
      '$context.status',
      '$context.xrayTraceId',
    ]);
  });
});

describe('custom domain', () => {
  const certificateArn = 'arn:aws:acm:eu-west-1:111122223333:certificate/00000000-0000-0000-0000-000000000000';
  const certificateOf = (stack: Stack) => Certificate.fromCertificateArn(stack, 'Certificate', certificateArn);
  const distributionOf = (of: ReturnType<typeof templateOf>) =>
    Object.entries(resourcesOf(of, 'AWS::CloudFront::Distribution'))[0] ?? expect.fail('no distribution');

  test('the stage may go on serving beside it, and CloudFront then fetches from there; without it that goes last', () => {
    const [beside, alone] = [{ stageEndpoint: true }, {}].map((more) =>
      templateOf((stack: Stack) => ({
        domain: { domainName: 'sts.acme.example', certificate: certificateOf(stack) },
        ...more,
      })),
    ) as [ReturnType<typeof templateOf>, ReturnType<typeof templateOf>];
    expect(api(beside)).toMatchObject({ DisableExecuteApiEndpoint: false });
    expect(JSON.stringify(distributionOf(beside)[1])).toContain('"OriginPath":"/live"');
    expect(JSON.stringify(distributionOf(alone)[1])).toContain('"DomainName":"sts.acme.example"');
    for (const template of [beside, alone]) {
      template.hasResourceProperties('AWS::Lambda::Function', {
        Environment: { Variables: { API_BASE: 'https://sts.acme.example' } },
      });
    }
    const [restApi] = Object.values(resourcesOf(alone, 'AWS::ApiGateway::RestApi'));
    expect(restApi?.DependsOn).toContain(distributionOf(alone)[0]);
    expect(Object.values(resourcesOf(beside, 'AWS::ApiGateway::RestApi'))[0]?.DependsOn).toBeUndefined();
  });

  const api = (of: ReturnType<typeof templateOf>) =>
    Object.values(resourcesOf(of, 'AWS::ApiGateway::RestApi')).map(({ Properties }: Resource) => Properties)[0];

  test('without one, the execute-api endpoint serves; with one, only the domain does, from TLS 1.2 on', () => {
    const certificateArn = 'arn:aws:acm:eu-west-1:111122223333:certificate/00000000-0000-0000-0000-000000000000';
    const withDomain = templateOf((stack: Stack) => ({
      domain: {
        domainName: 'sts.acme.example',
        certificate: Certificate.fromCertificateArn(stack, 'Certificate', certificateArn),
      },
    }));
    expect(api(template)).toMatchObject({
      DisableExecuteApiEndpoint: false,
      EndpointConfiguration: { Types: ['REGIONAL'] },
    });
    withDomain.resourceCountIs('AWS::ApiGateway::BasePathMapping', 1);
    template.resourceCountIs('AWS::ApiGateway::DomainName', 0);
    expect(api(withDomain)).toMatchObject({ DisableExecuteApiEndpoint: true });
    withDomain.hasResourceProperties('AWS::ApiGateway::DomainName', {
      DomainName: 'sts.acme.example',
      SecurityPolicy: 'TLS_1_2',
    });
    withDomain.hasResourceProperties('AWS::Lambda::Function', {
      Environment: { Variables: { API_BASE: 'https://sts.acme.example' } },
    });
  });
});

describe('the document of a release', () => {
  const { paths } = openApiDocument('0.0.0');
  const documented = Object.entries(paths).flatMap(([path, all]) =>
    Object.entries(all).map(([method, operation]) => ({
      operation: `${method.toUpperCase()} ${path.replace('{kind}/{name}', '{kind}/{name+}')}`,
      iam: operation.security.some((scheme) => 'sigv4' in scheme),
      responses: operation.responses,
    })),
  );

  test('has every route, and no other, with who may call it', () => {
    const served = methods.flatMap(({ Properties: { HttpMethod, ResourceId, AuthorizationType } }) =>
      HttpMethod === 'ANY'
        ? []
        : [`${String(HttpMethod)} ${pathOf(ResourceId)}${AuthorizationType === 'AWS_IAM' ? ', iam' : ''}`],
    );
    expect(documented.map(({ operation, iam }) => `${operation}${iam ? ', iam' : ''}`).sort()).toEqual(served.sort());
  });

  test('has the errors that API Gateway makes itself, for every operation', () => {
    const gateway = Object.values(resourcesOf(template, 'AWS::ApiGateway::GatewayResponse')).flatMap(
      ({ Properties: { StatusCode, ResponseTemplates } }) => {
        const { error } = JSON.parse((ResponseTemplates as Readonly<Record<string, string>>)['application/json'] ?? '');
        return StatusCode === undefined || StatusCode === '404' ? [] : [{ status: String(StatusCode), error }];
      },
    );
    expect(gateway).toContainEqual({ status: '429', error: 'slow_down' });
    for (const { operation, responses } of documented) {
      for (const { status, error } of gateway) {
        const codes = responses[status]?.description.split(', ');
        expect({ operation, status, codes }).toMatchObject({ codes: expect.arrayContaining([error]) });
      }
    }
  });
});
