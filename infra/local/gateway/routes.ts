// The routes of the template's REST API: AWS::ApiGateway::Resource and ::Method as a table to match paths against. Pure.

import { asObject, asString, resourcesOfType, type StackTemplate, TemplateError } from '../template/stack-template.ts';
import { type MockIntegration, parseMock } from './mock-integration.ts';

export interface ProxyIntegration {
  /** ARN the integration calls, alias or version included. */
  readonly functionArn: string;
  readonly timeoutMs: number;
}

export interface Method {
  readonly authorization: 'NONE' | 'AWS_IAM';
  readonly integration: { readonly proxy: ProxyIntegration } | { readonly mock: MockIntegration };
}

export interface Route {
  readonly resourceId: string;
  /** `/status-lists/{id}`. */
  readonly resourcePath: string;
  /** By HTTP method or `ANY`. */
  readonly methods: ReadonlyMap<string, Method>;
}

export interface Match {
  readonly route: Route;
  readonly method: Method;
  readonly pathParameters: Readonly<Record<string, string>>;
}

/** @throws TemplateError for integrations and authorizers the local stack cannot execute */
export function routesOf(template: StackTemplate, resolve: (value: unknown) => unknown): readonly Route[] {
  const paths = resourcePaths(template, resolve);
  const methods = new Map<string, Map<string, Method>>();
  for (const [id, resource] of resourcesOfType(template, 'AWS::ApiGateway::Method')) {
    const properties = asObject(resolve(resource.Properties), id);
    const resourceId = asString(properties.ResourceId, `${id}.ResourceId`);
    const ofResource = methods.get(resourceId) ?? new Map<string, Method>();
    ofResource.set(asString(properties.HttpMethod, `${id}.HttpMethod`), parseMethod(properties, id));
    methods.set(resourceId, ofResource);
  }
  return [...methods].map(([resourceId, ofResource]) => {
    const resourcePath = paths.get(resourceId);
    if (resourcePath === undefined) throw new TemplateError(`no resource ${resourceId} in the template`);
    return { resourceId, resourcePath, methods: ofResource };
  });
}

/** Method and path of everything a function answers, such as `POST /token`. */
export function endpointsOf(template: StackTemplate, resolve: (value: unknown) => unknown): readonly string[] {
  return routesOf(template, resolve).flatMap(({ resourcePath, methods }) =>
    [...methods].flatMap(([name, { integration }]) => ('proxy' in integration ? [`${name} ${resourcePath}`] : [])),
  );
}

function parseMethod(properties: Readonly<Record<string, unknown>>, id: string): Method {
  const authorization = asString(properties.AuthorizationType ?? 'NONE', `${id}.AuthorizationType`);
  if (authorization !== 'NONE' && authorization !== 'AWS_IAM') {
    throw new TemplateError(`${id}: the local stack does not know authorization ${authorization}`);
  }
  const integration = asObject(properties.Integration, `${id}.Integration`);
  const type = asString(integration.Type, `${id}.Integration.Type`);
  if (type === 'MOCK') {
    return { authorization, integration: { mock: parseMock(integration, properties.MethodResponses, id) } };
  }
  if (type !== 'AWS_PROXY') throw new TemplateError(`${id}: the local stack does not run ${type} integrations`);
  const [, functionArn] = /\/functions\/(arn:[^/]+)\/invocations$/.exec(asString(integration.Uri, id)) ?? [];
  if (!functionArn) throw new TemplateError(`${id}: the integration's URI names no function`);
  return {
    authorization,
    integration: { proxy: { functionArn, timeoutMs: Number(integration.TimeoutInMillis ?? 29_000) } },
  };
}

function resourcePaths(template: StackTemplate, resolve: (value: unknown) => unknown): ReadonlyMap<string, string> {
  const [api] = resourcesOfType(template, 'AWS::ApiGateway::RestApi');
  if (!api) throw new TemplateError('the template has no REST API');
  const parts = new Map(
    resourcesOfType(template, 'AWS::ApiGateway::Resource').map(([id, { Properties }]) => [
      asString(resolve({ Ref: id }), id),
      {
        parent: asString(resolve(Properties?.ParentId), `${id}.ParentId`),
        part: asString(resolve(Properties?.PathPart), `${id}.PathPart`),
      },
    ]),
  );
  const rootId = asString(resolve({ 'Fn::GetAtt': [api[0], 'RootResourceId'] }), api[0]);
  const pathOf = (id: string): string => {
    const node = parts.get(id);
    return node ? `${pathOf(node.parent)}/${node.part}` : '';
  };
  return new Map([[rootId, '/'], ...[...parts.keys()].map((id) => [id, pathOf(id)] as const)]);
}

/**
 * Finds the most specific resource that has the method or `ANY`: at each segment a literal wins over `{name}` and that over
 * `{name+}`. One without the method is passed over for a less specific one. Paths are case-sensitive; leading slashes count
 * once and trailing ones not at all, as API Gateway has it.
 * @see https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-method-settings-method-request.html#api-gateway-proxy-resource
 */
export function matchRequest(routes: readonly Route[], httpMethod: string, path: string): Match | undefined {
  const segments = path.replace(/^\/+/, '').replace(/\/+$/, '').split('/');
  const matches = routes.flatMap((route): Match[] => {
    const method = route.methods.get(httpMethod) ?? route.methods.get('ANY');
    const pathParameters = matchSegments(segmentsOf(route), segments);
    return method && pathParameters ? [{ route, method, pathParameters }] : [];
  });
  return matches.sort((left, right) => (rank(left.route) < rank(right.route) ? -1 : 1))[0];
}

function segmentsOf(route: Route): readonly string[] {
  return route.resourcePath.slice(1).split('/');
}

function matchSegments(pattern: readonly string[], segments: readonly string[]): Record<string, string> | undefined {
  const parameters: Record<string, string> = {};
  for (const [index, part] of pattern.entries()) {
    const [, name, greedy] = /^\{([^+}]+)(\+?)\}$/.exec(part) ?? [];
    const value = greedy ? segments.slice(index).join('/') : segments[index];
    if (value === undefined || (name && value === '') || (!name && value !== part)) return undefined;
    if (name) parameters[name] = decode(value);
    if (greedy) return parameters;
  }
  return pattern.length === segments.length ? parameters : undefined;
}

function rank(route: Route): string {
  return segmentsOf(route)
    .map((part) => (part.endsWith('+}') ? 'c' : part.startsWith('{') ? 'b' : 'a'))
    .join('');
}

function decode(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
