// MOCK integrations of API Gateway: an answer made by request and response mapping alone. Pure.

import {
  asArray,
  asObject,
  asString,
  asStringMap,
  type Properties,
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

interface IntegrationResponse {
  readonly status: number;
  readonly selectionPattern: RegExp | undefined;
  readonly headers: readonly (readonly [string, ParameterExpression])[];
  readonly templates: Readonly<Record<string, string>>;
}

export interface MockIntegration {
  readonly passthrough: string;
  readonly requestTemplates: Readonly<Record<string, string>>;
  readonly responses: readonly IntegrationResponse[];
}

export interface MockRequest {
  readonly contentType: string | undefined;
  readonly accept: string | undefined;
  readonly body: string;
  readonly context: Context;
}

/**
 * Reads the `Integration` and `MethodResponses` of a method.
 * @throws TemplateError where API Gateway would refuse the deployment: an undeclared status or header
 */
export function parseMock(integration: Properties, methodResponses: unknown, what: string): MockIntegration {
  const requestTemplates = asStringMap(integration.RequestTemplates, `${what}.RequestTemplates`);
  for (const text of Object.values(requestTemplates)) checkMappingTemplate(text, `${what}.RequestTemplates`);
  const declared = new Map(
    asArray(methodResponses, `${what}.MethodResponses`).map((item) => {
      const { StatusCode, ResponseParameters } = asObject(item, what);
      return [asString(StatusCode, what), Object.keys(asObject(ResponseParameters, what))];
    }),
  );
  return {
    passthrough: asString(integration.PassthroughBehavior ?? 'WHEN_NO_MATCH', what),
    requestTemplates,
    responses: asArray(integration.IntegrationResponses, what).map((item) =>
      parseResponse(asObject(item, what), declared, what),
    ),
  };
}

function parseResponse(item: Properties, declared: ReadonlyMap<string, readonly string[]>, what: string) {
  const status = asString(item.StatusCode, `${what} status`);
  const headers = declared.get(status);
  if (!headers) throw new TemplateError(`${what}: no method response declares ${status}`);
  const parameters = asStringMap(item.ResponseParameters, `${what}.ResponseParameters`);
  const undeclared = Object.keys(parameters).find((name) => !headers.includes(name));
  if (undeclared) throw new TemplateError(`${what}: no method response declares ${undeclared}`);
  const templates = asStringMap(item.ResponseTemplates, `${what}.ResponseTemplates`);
  for (const text of Object.values(templates)) checkMappingTemplate(text, `${what}.ResponseTemplates`);
  return {
    status: Number(status),
    selectionPattern:
      item.SelectionPattern === undefined ? undefined : new RegExp(`^(?:${asString(item.SelectionPattern, what)})$`),
    headers: Object.entries(parameters).map(
      ([name, value]) => [name.replace('method.response.header.', ''), parseParameter(value, what)] as const,
    ),
    templates,
  };
}

/** Runs the mock: request template by content type, the status it names, the response mapped to that status. */
export function answerMock(mock: MockIntegration, request: MockRequest): GatewayAnswer | GatewayError {
  const integrationRequest = mapRequest(mock, request);
  if (integrationRequest === undefined) {
    return { gatewayResponse: 'UNSUPPORTED_MEDIA_TYPE', message: 'Unsupported Media Type' };
  }
  const status = statusCodeOf(integrationRequest);
  const selected = status === undefined ? undefined : select(mock, String(status));
  if (!selected) return { gatewayResponse: 'API_CONFIGURATION_ERROR', message: 'Internal server error' };
  const { contentType, text } = templateFor(selected.templates, request.accept);
  const headers = selected.headers.map(([name, value]) => [name, evaluateExpression(value, request.context)] as const);
  return {
    status: selected.status,
    headers: [['Content-Type', contentType], ...headers],
    body: renderTemplate(text, request.context),
  };
}

// A request without a content type counts as JSON; one without a template is passed through or refused.
function mapRequest(mock: MockIntegration, request: MockRequest): string | undefined {
  const contentType = (request.contentType ?? 'application/json').split(';')[0]?.trim().toLowerCase() ?? '';
  const template = mock.requestTemplates[contentType];
  if (template !== undefined) return renderTemplate(template, request.context);
  const hasTemplates = Object.keys(mock.requestTemplates).length > 0;
  const passes = mock.passthrough === 'WHEN_NO_MATCH' || (mock.passthrough === 'WHEN_NO_TEMPLATES' && !hasTemplates);
  return passes ? request.body : undefined;
}

function statusCodeOf(integrationRequest: string): number | undefined {
  try {
    const { statusCode } = asObject(JSON.parse(integrationRequest), 'integration request');
    return typeof statusCode === 'number' && Number.isInteger(statusCode) ? statusCode : undefined;
  } catch {
    return undefined;
  }
}

function select(mock: MockIntegration, status: string): IntegrationResponse | undefined {
  return (
    mock.responses.find(({ selectionPattern }) => selectionPattern?.test(status)) ??
    mock.responses.find(({ selectionPattern }) => selectionPattern === undefined)
  );
}
