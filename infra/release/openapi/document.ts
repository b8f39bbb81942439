// openapi.json of a release: OpenAPI 3.1 of the whole HTTP interface. Pure.

import { serverError } from '../../../shared/http/errors.ts';
import type { EventErrorCode } from '../../../shared/oauth/events/event-refused.ts';
import { type Caller, type Content, type ErrorForm, type Operation, operations, type Parameter } from './operations.ts';
import { type Refusal, refusals } from './refusals.ts';
import { components, decisionId, type Schema } from './schemas.ts';

interface Response {
  readonly description: string;
  readonly headers?: Readonly<Record<string, { readonly required?: boolean; readonly schema: Schema }>>;
  readonly content?: Readonly<Record<string, { readonly schema: Schema }>>;
}

interface DescribedOperation {
  readonly operationId: string;
  readonly summary: string;
  readonly security: readonly object[];
  readonly parameters?: readonly object[];
  readonly requestBody?: object;
  readonly responses: Readonly<Record<string, Response>>;
}

export interface OpenApiDocument {
  readonly openapi: string;
  readonly info: object;
  readonly servers: readonly object[];
  /** By path and method in small letters. */
  readonly paths: Readonly<Record<string, Readonly<Record<string, DescribedOperation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>>; readonly securitySchemes: object };
}

/** @param version of the release */
export function openApiDocument(version: string): OpenApiDocument {
  const paths = Object.entries(operations).map(([path, methods]) => [path, described(methods)] as const);
  return {
    openapi: '3.1.1',
    info: {
      title: 'Cambio',
      version,
      summary: 'OAuth 2.0 Token Exchange (RFC 8693).',
      description:
        'Other paths are answered with 404, other methods with 405 and `Allow`, in the form of the other errors. API Gateway renames `WWW-Authenticate` to `x-amzn-remapped-www-authenticate`.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [
      {
        url: '{base}',
        description: 'The API base. The issuer serves /.well-known and /status-lists, too.',
        variables: { base: { default: 'http://127.0.0.1:8787' } },
      },
    ],
    paths: Object.fromEntries(paths),
    components: { schemas: components, securitySchemes },
  };
}

const securitySchemes = {
  basic: {
    type: 'http',
    scheme: 'basic',
    description: 'client_secret_basic; other methods are parameters of the form.',
  },
  bearer: { type: 'http', scheme: 'bearer', description: 'A subject token.' },
  sigv4: { type: 'apiKey', in: 'header', name: 'Authorization', description: 'AWS Signature Version 4, execute-api.' },
};

/** `{}`: without, too. */
const security: Readonly<Record<Caller, readonly object[]>> = {
  anyone: [],
  client: [{ basic: [] }, {}],
  bearer: [{ bearer: [] }],
  aws: [{ sigv4: [] }],
};

function described(methods: Readonly<Record<string, Operation>>): Readonly<Record<string, DescribedOperation>> {
  const each = Object.entries(methods).flatMap(([method, operation]) => {
    const whole = describedOperation(operation);
    return operation.head ? [[method, whole] as const, ['head', headOf(whole)] as const] : [[method, whole] as const];
  });
  return Object.fromEntries(each);
}

function describedOperation(operation: Operation): DescribedOperation {
  const { id, summary, callers, parameters, body, success } = operation;
  const { status, description, content } = success;
  const headers = operation.decides && traced;
  return {
    operationId: id,
    summary,
    security: security[callers],
    ...(parameters && {
      parameters: parameters.map(({ optional, ...one }: Parameter) => ({ ...one, required: !optional })),
    }),
    ...(body && { requestBody: { required: true, content: contentOf([body]) } }),
    responses: {
      [status]: { description, ...(headers && { headers }), ...(content && { content: contentOf(content) }) },
      ...errorsOf(operation),
    },
  };
}

/** The same without a body (RFC 9110 §9.3.2). */
function headOf({ operationId, responses, ...rest }: DescribedOperation): DescribedOperation {
  const bare = Object.entries(responses).map(([status, { content: _, ...response }]) => [status, response]);
  return { ...rest, operationId: `${operationId}Head`, responses: Object.fromEntries(bare) };
}

function contentOf(contents: readonly Content[]): NonNullable<Response['content']> {
  return Object.fromEntries(contents.map(({ type, schema }) => [type, { schema }]));
}

/** What API Gateway answers itself, and a bug. */
const anywhere: readonly Refusal[] = [
  ...refusals(['content_type', 'body_too_large', 'throttled', 'unavailable']),
  { status: 403, code: 'access_denied', headers: [] },
  { status: serverError.status, code: serverError.error, headers: [] },
];

function errorsOf({ refusals: own, errors = 'oauth', decides }: Operation): Readonly<Record<string, Response>> {
  const all = [...own, ...anywhere];
  const statuses = [...new Set(all.map(({ status }) => status))].sort();
  const responses = statuses.map((status): readonly [number, Response] => {
    const these = all.filter((refusal) => refusal.status === status);
    const names = [...new Set(these.flatMap((refusal) => refusal.headers))];
    const named = names.map((name) => [name, headerOf(these, name)] as const);
    const headers = { ...Object.fromEntries(named), ...(decides && traced) };
    const codes = [...new Set(these.map(({ code }) => code))];
    const schema = errorSchema(errors, { codes, status, decides });
    return [
      status,
      {
        description: codes.join(', '),
        ...(Object.keys(headers).length > 0 && { headers }),
        content: { 'application/json': { schema } },
      },
    ];
  });
  return Object.fromEntries(responses);
}

/** Some errors of a status may have a header that others have not. */
function headerOf(refused: readonly Refusal[], name: string) {
  return { required: refused.every(({ headers }) => headers.includes(name)), schema: { type: 'string' } };
}

/** Of what a deployment that is traced answers. @see [Trace Context](https://www.w3.org/TR/trace-context-2/#traceresponse-header) */
const traced = {
  traceresponse: {
    description: 'Which span the request was, where the deployment is traced.',
    schema: { type: 'string', pattern: '^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$' },
  },
};

const text = { type: 'string' };

interface Errors {
  readonly codes: readonly string[];
  readonly status: number;
  readonly decides: true | undefined;
}

function errorSchema(form: ErrorForm, { codes, status, decides }: Errors): Schema {
  const decision = decides && { decision_id: decisionId };
  const oauth = { error: { enum: codes }, error_description: text };
  const sdk = { code: { enum: codes }, message: text };
  const found = form === 'findings' && status === 400 && { findings: { type: 'array', items: text } };
  const members = { ...oauth, ...sdk, ...decision, ...found };
  const required = form === 'sdk' ? ['code', 'message'] : ['error', 'error_description'];
  const schema = { type: 'object', properties: members, required };
  return form === 'event' && status === 400 ? { anyOf: [eventError, schema] } : schema;
}

const eventCodes: Readonly<Record<EventErrorCode, true>> = {
  invalid_request: true,
  invalid_key: true,
  invalid_issuer: true,
  invalid_audience: true,
  authentication_failed: true,
  access_denied: true,
};

const eventError = {
  type: 'object',
  properties: { err: { enum: Object.keys(eventCodes) }, description: text },
  required: ['err', 'description'],
};
