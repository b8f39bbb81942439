// The router tests' world: a REST API in the shapes `cdk synth` writes, and the functions behind it.

import type { GatewayAnswer, GatewayRequest, HeaderList } from '../../../../infra/local/gateway/message.ts';
import { createRouter } from '../../../../infra/local/gateway/router.ts';
import type { InvocationResult } from '../../../../infra/local/lambda/execution-environment.ts';
import { pseudoParameters, referencesOf } from '../../../../infra/local/template/deployment.ts';
import { createResolver } from '../../../../infra/local/template/intrinsics.ts';
import type { StackTemplate, TemplateResource } from '../../../../infra/local/template/stack-template.ts';

const api = { Ref: 'Api' };
const uri = {
  'Fn::Join': [
    '',
    [
      'arn:',
      { Ref: 'AWS::Partition' },
      ':apigateway:eu-west-1:lambda:path/2015-03-31/functions/',
      { Ref: 'Live' },
      '/invocations',
    ],
  ],
};
const proxy = { Type: 'AWS_PROXY', IntegrationHttpMethod: 'POST', Uri: uri };

export function resource(
  part: string,
  parent: unknown = { 'Fn::GetAtt': ['Api', 'RootResourceId'] },
): TemplateResource {
  return { Type: 'AWS::ApiGateway::Resource', Properties: { RestApiId: api, PathPart: part, ParentId: parent } };
}

export function method(
  resourceId: unknown,
  name: string,
  more: Readonly<Record<string, unknown>> = {},
): TemplateResource {
  const common = { RestApiId: api, ResourceId: resourceId, HttpMethod: name, AuthorizationType: 'NONE' };
  return { Type: 'AWS::ApiGateway::Method', Properties: { ...common, Integration: proxy, ...more } };
}

export function mock(
  status: number,
  changes: Readonly<Record<string, unknown>> = {},
  headers: Record<string, string> = {},
) {
  const parameters = Object.entries({ 'Cache-Control': "'no-store'", ...headers });
  const named = parameters.map(([name, value]) => [`method.response.header.${name}`, value] as const);
  return {
    Integration: {
      Type: 'MOCK',
      PassthroughBehavior: 'NEVER',
      RequestTemplates: { 'application/json': `{"statusCode":${status}}`, 'text/plain': `{"statusCode":${status}}` },
      IntegrationResponses: [
        {
          StatusCode: String(status),
          ResponseParameters: Object.fromEntries(named),
          ResponseTemplates: { 'application/json': `{"answered":${status},"id":"$context.requestId"}` },
        },
      ],
      ...changes,
    },
    MethodResponses: [
      { StatusCode: String(status), ResponseParameters: Object.fromEntries(named.map(([name]) => [name, true])) },
    ],
  };
}

function gatewayResponse(type: string, body: string, more: Readonly<Record<string, unknown>> = {}): TemplateResource {
  const ResponseTemplates = { 'application/json': body };
  return {
    Type: 'AWS::ApiGateway::GatewayResponse',
    Properties: { RestApiId: api, ResponseType: type, ResponseTemplates, ...more },
  };
}

export const template: StackTemplate = {
  Resources: {
    Function: { Type: 'AWS::Lambda::Function', Properties: { Handler: 'index.handler' } },
    Version: { Type: 'AWS::Lambda::Version', Properties: { FunctionName: { Ref: 'Function' } } },
    Live: {
      Type: 'AWS::Lambda::Alias',
      Properties: {
        Name: 'live',
        FunctionName: { Ref: 'Function' },
        FunctionVersion: { 'Fn::GetAtt': ['Version', 'Version'] },
      },
    },
    Api: {
      Type: 'AWS::ApiGateway::RestApi',
      Properties: { Name: 'api', BinaryMediaTypes: ['application/octet-stream'] },
    },
    Stage: { Type: 'AWS::ApiGateway::Stage', Properties: { RestApiId: api, StageName: 'live' } },
    Token: resource('token'),
    Lists: resource('lists'),
    List: resource('{id}', { Ref: 'Lists' }),
    Latest: resource('latest', { Ref: 'Lists' }),
    Admin: resource('admin'),
    Rest: resource('{proxy+}'),
    Bare: resource('bare'),
    TokenPost: method({ Ref: 'Token' }, 'POST'),
    TokenAny: method({ Ref: 'Token' }, 'ANY', mock(405, {}, { Allow: "'POST'" })),
    ListGet: method({ Ref: 'List' }, 'GET'),
    LatestGet: method({ Ref: 'Latest' }, 'GET'),
    AdminPost: method({ Ref: 'Admin' }, 'POST', { AuthorizationType: 'AWS_IAM' }),
    RestAny: method({ Ref: 'Rest' }, 'ANY', mock(404)),
    RootAny: method({ 'Fn::GetAtt': ['Api', 'RootResourceId'] }, 'ANY', mock(404)),
    BareGet: method({ Ref: 'Bare' }, 'GET'),
    Default4xx: gatewayResponse('DEFAULT_4XX', '{"error":"invalid_request","type":"$context.error.responseType"}', {
      ResponseParameters: { 'gatewayresponse.header.Cache-Control': "'no-store'" },
    }),
    Default5xx: gatewayResponse('DEFAULT_5XX', '{"error":"temporarily_unavailable"}', {
      StatusCode: '503',
      ResponseParameters: { 'gatewayresponse.header.Retry-After': "'1'" },
    }),
    Unavailable: gatewayResponse('INTEGRATION_TIMEOUT', '{"error":"temporarily_unavailable"}', {
      StatusCode: '503',
      ResponseParameters: {
        'gatewayresponse.header.Retry-After': "'1'",
        'gatewayresponse.header.X-Request': 'context.requestId',
      },
    }),
  },
};

interface Invocation {
  readonly arn: string;
  readonly event: Record<string, unknown>;
}

export interface Gateway {
  readonly invocations: Invocation[];
  readonly send: (
    method: string,
    target: string,
    more?: { headers?: HeaderList; body?: string | Buffer },
  ) => Promise<GatewayAnswer>;
}

/** The router of a template over a function that answers `result`, or does what `result` does. */
export function gateway(
  result: unknown = { statusCode: 200, body: '{}' },
  { Resources }: { readonly Resources?: Readonly<Record<string, TemplateResource>> } = {},
): Gateway {
  const whole: StackTemplate = { Resources: { ...template.Resources, ...Resources } };
  const resolve = (value: unknown): unknown => resolver.resolve(value);
  const references = referencesOf({ template: whole, resolve, created: new Map() });
  const resolver = createResolver({ template: whole, pseudo: pseudoParameters, references });
  const invocations: Invocation[] = [];
  const router = createRouter({
    template: whole,
    resolve,
    invoke: async (arn, event) => {
      invocations.push({ arn, event: JSON.parse(event) as Record<string, unknown> });
      if (typeof result === 'function') return result() as Promise<InvocationResult>;
      return isResult(result) ? result : { ok: true, payload: JSON.stringify(result) };
    },
  });
  return {
    invocations,
    send: (name, target, { headers = [], body = '' } = {}) => {
      const [path = '', query = ''] = target.split('?');
      const request: GatewayRequest = {
        method: name,
        path,
        query,
        headers,
        body: Buffer.from(body),
        sourceIp: '127.0.0.1',
      };
      return router(request);
    },
  };
}

function isResult(result: unknown): result is InvocationResult {
  return typeof result === 'object' && result !== null && 'ok' in result;
}

export function header(answer: GatewayAnswer, name: string): string | undefined {
  return answer.headers.find(([key]) => key.toLowerCase() === name.toLowerCase())?.[1];
}

export function json(answer: GatewayAnswer): Record<string, unknown> {
  return JSON.parse(String(answer.body)) as Record<string, unknown>;
}
