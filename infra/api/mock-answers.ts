// 404 and 405 as mock integrations of the template, so that no function runs for them (RFC 9110 §15.5.5, §15.5.6).
import { type IResource, MockIntegration, PassthroughBehavior } from 'aws-cdk-lib/aws-apigateway';
import { errorBody } from './error-body.ts';

/** Answers every method of a resource that is no endpoint. */
export function answerNotFound(resource: IResource): void {
  addMock(resource, { status: 404, description: 'no such endpoint', headers: {} });
}

/** Answers every method that has no integration of its own; `methods` are those that have. */
export function answerMethodNotAllowed(resource: IResource, methods: readonly string[]): void {
  addMock(resource, { status: 405, description: 'method not allowed', headers: { Allow: methods.join(', ') } });
}

interface MockAnswer {
  readonly status: number;
  readonly description: string;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * A mock needs a request template that names its status, and API Gateway chooses the template by the content type of
 * the request. A type that is not listed is turned away (UNSUPPORTED_MEDIA_TYPE); passed through, it would be a 500.
 */
const contentTypes = [
  'application/cbor',
  'application/graphql',
  'application/grpc',
  'application/gzip',
  'application/javascript',
  'application/json',
  'application/json-patch+json',
  'application/jwt',
  'application/ld+json',
  'application/merge-patch+json',
  'application/msgpack',
  'application/octet-stream',
  'application/pdf',
  'application/problem+json',
  'application/secevent+jwt',
  'application/soap+xml',
  'application/vnd.api+json',
  'application/x-ndjson',
  'application/x-protobuf',
  'application/x-www-form-urlencoded',
  'application/xml',
  'application/zip',
  'image/gif',
  'image/jpeg',
  'image/png',
  'multipart/form-data',
  'text/css',
  'text/csv',
  'text/html',
  'text/javascript',
  'text/plain',
  'text/xml',
];

function addMock(resource: IResource, answer: MockAnswer): void {
  const statusCode = String(answer.status);
  const headers = Object.entries({ ...answer.headers, 'Cache-Control': 'no-store' });
  const body = errorBody('invalid_request', answer.description);
  const integration = new MockIntegration({
    passthroughBehavior: PassthroughBehavior.NEVER,
    requestTemplates: Object.fromEntries(
      contentTypes.map((type) => [type, JSON.stringify({ statusCode: answer.status })]),
    ),
    integrationResponses: [
      {
        statusCode,
        responseTemplates: { 'application/json': body },
        responseParameters: Object.fromEntries(headers.map(([name, value]) => [headerOf(name), `'${value}'`])),
      },
    ],
  });
  resource.addMethod('ANY', integration, {
    methodResponses: [
      { statusCode, responseParameters: Object.fromEntries(headers.map(([name]) => [headerOf(name), true])) },
    ],
  });
}

function headerOf(name: string): string {
  return `method.response.header.${name}`;
}
