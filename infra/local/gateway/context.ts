// `$context` of a request, and the proxy event's `requestContext` made of it. Pure.
import { createHash } from 'node:crypto';
import { accountId } from '../template/deployment.ts';
import type { Context } from './mapping-template.ts';
import { type GatewayRequest, headerOf } from './message.ts';

export interface ContextInput {
  readonly request: GatewayRequest;
  readonly requestId: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly apiId: string;
  readonly stage: string;
  readonly resourceId: string;
  readonly resourcePath: string;
  /** Who signed the request, where the method demands a signature. */
  readonly caller?: { readonly accessKeyId: string; readonly userArn: string };
}

/** The variables that mock templates, gateway responses and functions see. */
export function contextOf(input: ContextInput): Context {
  const { request, requestId, at, apiId, stage } = input;
  return {
    accountId,
    apiId,
    domainName: request.mutualTls?.domainName ?? headerOf(request, 'host') ?? '',
    domainPrefix: apiId,
    extendedRequestId: extendedId(requestId),
    httpMethod: request.method,
    identity: identityOf(input),
    path: `/${stage}${request.path}`,
    protocol: 'HTTP/1.1',
    requestId,
    requestTime: commonLogTime(new Date(at)),
    requestTimeEpoch: at,
    resourceId: input.resourceId,
    resourcePath: input.resourcePath,
    stage,
  };
}

function identityOf({ request, caller }: ContextInput): Context {
  return {
    accessKey: caller?.accessKeyId ?? null,
    accountId: caller ? accountId : null,
    apiKey: null,
    apiKeyId: null,
    caller: caller?.accessKeyId ?? null,
    clientCert: request.mutualTls ? { ...request.mutualTls.clientCert } : null,
    cognitoAuthenticationProvider: null,
    cognitoAuthenticationType: null,
    cognitoIdentityId: null,
    cognitoIdentityPoolId: null,
    principalOrgId: null,
    sourceIp: request.sourceIp,
    user: caller?.accessKeyId ?? null,
    userAgent: headerOf(request, 'user-agent') ?? null,
    userArn: caller?.userArn ?? null,
  };
}

function extendedId(requestId: string): string {
  return `${createHash('sha256').update(requestId).digest('base64url').slice(0, 15)}=`;
}

/** `23/Nov/2026:13:17:00 +0000`. */
function commonLogTime(at: Date): string {
  const [, day, month, year, time] = at.toUTCString().split(' ');
  return `${day}/${month}/${year}:${time} +0000`;
}
