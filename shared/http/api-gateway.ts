// What an endpoint reads of an API Gateway event and how it answers: headers, the size of a body, JSON, no-store
// (RFC 6749 §5.1). Pure.
import type middy from '@middy/core';
import type { MiddlewareObj } from '@middy/core';
import type { APIGatewayProxyEvent, APIGatewayProxyResult } from 'aws-lambda';
import { Refused } from '../oauth/denial.ts';
import { type ClientCertificate, clientCertificate } from '../oauth/request/client-certificate.ts';

/** A header's value whatever its spelling; several headers of one name are joined by a comma, as a proxy would. */
export function header(event: APIGatewayProxyEvent, name: string): string | undefined {
  const headers = event.multiValueHeaders ?? {};
  const values: string[] = [];
  for (const spelling in headers) {
    if (spelling.length === name.length && spelling.toLowerCase() === name) values.push(...(headers[spelling] ?? []));
  }
  return values.length > 0 ? values.join(',') : undefined;
}

/** What API Gateway itself knows of the TLS connection of a request. */
export interface Connection {
  /** On a domain with mutual TLS. What a caller writes into a header is nobody's certificate. */
  readonly certificate: ClientCertificate | undefined;
  readonly domainName: string | undefined;
}

export function connectionOf({ requestContext }: Pick<APIGatewayProxyEvent, 'requestContext'>): Connection {
  const pem = requestContext?.identity?.clientCert?.clientCertPem;
  return { certificate: pem ? clientCertificate(pem) : undefined, domainName: requestContext?.domainName };
}

const maxBodyBytes = 64 * 1024;

/** Checked before anything is decoded. */
export function isTooLarge({ body, isBase64Encoded }: Pick<APIGatewayProxyEvent, 'body' | 'isBase64Encoded'>): boolean {
  return Buffer.byteLength(body ?? '', isBase64Encoded ? 'base64' : 'utf8') > maxBodyBytes;
}

export function json(
  statusCode: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): APIGatewayProxyResult {
  return { statusCode, headers: { 'Content-Type': 'application/json', ...headers }, body: JSON.stringify(body) };
}

/** `Pragma` for caches of HTTP/1.0. */
const noStoreHeaders = { 'Cache-Control': 'no-store', Pragma: 'no-cache' } as const;

/** Middleware: answers and errors that do not say how long they may be cached get `no-store`. */
export function noStore<Event>(): MiddlewareObj<Event, APIGatewayProxyResult> {
  const forbid: middy.MiddlewareFn<Event, APIGatewayProxyResult> = ({ response }) => {
    if (!response || response.headers?.['Cache-Control'] !== undefined) return;
    response.headers = { ...response.headers, ...noStoreHeaders };
  };
  return { after: forbid, onError: forbid };
}

/**
 * The body as text.
 * @throws Refused `body_too_large`
 */
export function bodyText(event: Pick<APIGatewayProxyEvent, 'body' | 'isBase64Encoded'>): string {
  if (isTooLarge(event)) throw new Refused({ kind: 'body_too_large' });
  return Buffer.from(event.body ?? '', event.isBase64Encoded ? 'base64' : 'utf8').toString('utf8');
}
