// The answers API Gateway makes itself, in the shape of ours: JSON, no-store, Retry-After where a retry can help (RFC 6585 §4).
import { type ResponseType, type RestApi, ResponseType as Type } from 'aws-cdk-lib/aws-apigateway';
import { errorBody } from './error-body.ts';

interface ErrorAnswer {
  readonly type: ResponseType;
  /** Absent: API Gateway's own status stays. */
  readonly status?: number;
  readonly error: string;
  readonly description: string;
  /** In seconds. */
  readonly retryAfter?: number;
}

const invalid = 'invalid_request';
const unavailable = { status: 503, error: 'temporarily_unavailable', retryAfter: 1 } as const;

const answers: readonly ErrorAnswer[] = [
  { type: Type.DEFAULT_4XX, error: invalid, description: 'the request was refused' },
  // Our functions answer every error themselves: this is an invocation that Lambda refused (500) or that broke (502).
  { type: Type.DEFAULT_5XX, ...unavailable, description: 'try again' },
  { type: Type.BAD_REQUEST_BODY, status: 400, error: invalid, description: 'malformed body' },
  { type: Type.BAD_REQUEST_PARAMETERS, status: 400, error: invalid, description: 'malformed parameters' },
  { type: Type.UNSUPPORTED_MEDIA_TYPE, status: 400, error: invalid, description: 'unsupported content type' },
  { type: Type.RESOURCE_NOT_FOUND, status: 404, error: invalid, description: 'no such endpoint' },
  { type: Type.REQUEST_TOO_LARGE, status: 413, error: invalid, description: 'body too large' },
  // A missing or bad SigV4 signature of /admin stays the 403 AWS callers expect.
  { type: Type.MISSING_AUTHENTICATION_TOKEN, status: 403, error: 'access_denied', description: 'not authenticated' },
  { type: Type.INVALID_SIGNATURE, status: 403, error: 'access_denied', description: 'not authenticated' },
  { type: Type.EXPIRED_TOKEN, status: 403, error: 'access_denied', description: 'not authenticated' },
  { type: Type.ACCESS_DENIED, status: 403, error: 'access_denied', description: 'not authorized' },
  { type: Type.WAF_FILTERED, status: 403, error: 'access_denied', description: 'the request was refused' },
  { type: Type.THROTTLED, status: 429, error: 'slow_down', description: 'too many requests', retryAfter: 1 },
  { type: Type.QUOTA_EXCEEDED, status: 429, error: 'slow_down', description: 'too many requests', retryAfter: 60 },
  { type: Type.INTEGRATION_FAILURE, ...unavailable, description: 'try again' },
  { type: Type.INTEGRATION_TIMEOUT, ...unavailable, description: 'try again' },
];

/** Replaces API Gateway's own error answers. */
export function addGatewayResponses(api: RestApi): void {
  for (const { type, status, error, description, retryAfter } of answers) {
    api.addGatewayResponse(type.responseType, {
      type,
      ...(status ? { statusCode: String(status) } : {}),
      responseHeaders: { 'Cache-Control': "'no-store'", ...(retryAfter ? { 'Retry-After': `'${retryAfter}'` } : {}) },
      templates: { 'application/json': errorBody(error, description) },
    });
  }
}
