// Gateway responses: the answers API Gateway makes itself, as AWS::ApiGateway::GatewayResponse shapes them. Pure.

import {
  asObject,
  asString,
  asStringMap,
  resourcesOfType,
  type StackTemplate,
  TemplateError,
} from '../template/stack-template.ts';
import {
  type Context,
  checkMappingTemplate,
  evaluateExpression,
  type ParameterExpression,
  parseParameter,
  renderTemplate,
  templateFor,
} from './mapping-template.ts';
import type { GatewayAnswer, GatewayError } from './message.ts';

/** Default status of each type; DEFAULT_4XX and DEFAULT_5XX have none of their own. */
const statuses: Readonly<Record<string, number>> = {
  ACCESS_DENIED: 403,
  API_CONFIGURATION_ERROR: 500,
  AUTHORIZER_CONFIGURATION_ERROR: 500,
  AUTHORIZER_FAILURE: 500,
  BAD_REQUEST_BODY: 400,
  BAD_REQUEST_PARAMETERS: 400,
  DEFAULT_4XX: 400,
  DEFAULT_5XX: 500,
  EXPIRED_TOKEN: 403,
  INTEGRATION_FAILURE: 504,
  INTEGRATION_TIMEOUT: 504,
  INVALID_API_KEY: 403,
  INVALID_SIGNATURE: 403,
  MISSING_AUTHENTICATION_TOKEN: 403,
  QUOTA_EXCEEDED: 429,
  REQUEST_TOO_LARGE: 413,
  RESOURCE_NOT_FOUND: 404,
  THROTTLED: 429,
  UNAUTHORIZED: 401,
  UNSUPPORTED_MEDIA_TYPE: 415,
  WAF_FILTERED: 403,
};

interface GatewayResponse {
  readonly status: number | undefined;
  readonly headers: readonly (readonly [string, ParameterExpression])[];
  readonly templates: Readonly<Record<string, string>>;
}

export type GatewayResponses = ReadonlyMap<string, GatewayResponse>;

const builtIn: GatewayResponse = {
  status: undefined,
  headers: [],
  templates: { 'application/json': '{"message":$context.error.messageString}' },
};

/** @throws TemplateError for a type or an expression that is not known */
export function gatewayResponsesOf(template: StackTemplate, resolve: (value: unknown) => unknown): GatewayResponses {
  return new Map(
    resourcesOfType(template, 'AWS::ApiGateway::GatewayResponse').map(([id, resource]) => {
      const properties = asObject(resolve(resource.Properties), id);
      const type = asString(properties.ResponseType, `${id}.ResponseType`);
      if (!(type in statuses)) throw new TemplateError(`${id}: ${type} is no gateway response type`);
      return [type, parseResponse(properties, id)];
    }),
  );
}

function parseResponse(properties: Readonly<Record<string, unknown>>, id: string): GatewayResponse {
  const parameters = asStringMap(properties.ResponseParameters, `${id}.ResponseParameters`);
  const templates = asStringMap(properties.ResponseTemplates, `${id}.ResponseTemplates`);
  for (const text of Object.values(templates)) checkMappingTemplate(text, `${id}.ResponseTemplates`);
  return {
    status: properties.StatusCode === undefined ? undefined : Number(properties.StatusCode),
    headers: Object.entries(parameters).map(([name, value]) => [
      headerName(name, id),
      parseParameter(value, `${id}.ResponseParameters.${name}`),
    ]),
    templates: Object.keys(templates).length > 0 ? templates : builtIn.templates,
  };
}

function headerName(parameter: string, id: string): string {
  const [, name] = /^gatewayresponse\.header\.(.+)$/.exec(parameter) ?? [];
  if (!name) throw new TemplateError(`${id}: the local stack sets only headers, not ${parameter}`);
  return name;
}

/** The answer for `error`: its own response, else the default of its class, else API Gateway's. */
export function gatewayAnswer(
  responses: GatewayResponses,
  error: GatewayError,
  request: { readonly context: Context; readonly accept: string | undefined },
): GatewayAnswer {
  const ownStatus = error.status ?? statuses[error.gatewayResponse] ?? 500;
  const fallback = ownStatus < 500 ? 'DEFAULT_4XX' : 'DEFAULT_5XX';
  const response = responses.get(error.gatewayResponse) ?? responses.get(fallback) ?? builtIn;
  const context: Context = {
    ...request.context,
    error: {
      message: error.message,
      messageString: JSON.stringify(error.message),
      responseType: error.gatewayResponse,
    },
  };
  const { contentType, text } = templateFor(response.templates, request.accept);
  return {
    status: response.status ?? ownStatus,
    headers: [
      ['Content-Type', contentType],
      ['x-amzn-ErrorType', error.gatewayResponse],
      ...response.headers.map(([name, value]) => [name, evaluateExpression(value, context)] as const),
    ],
    body: renderTemplate(text, context),
  };
}
