// Middleware: no answer of this endpoint is kept by anybody (RFC 6749 §5.1). No I/O.
import type middy from '@middy/core';
import type { MiddlewareObj } from '@middy/core';
import type { APIGatewayProxyEvent, APIGatewayProxyResult } from 'aws-lambda';

/** Of answers that nobody keeps; `Pragma` for caches of HTTP/1.0. */
export const noStoreHeaders = { 'Cache-Control': 'no-store', Pragma: 'no-cache' } as const;

/** Sets `Cache-Control: no-store` on answers and errors alike. */
export function noStore<Event extends APIGatewayProxyEvent>(): MiddlewareObj<Event, APIGatewayProxyResult> {
  const forbid: middy.MiddlewareFn<Event, APIGatewayProxyResult> = ({ response }) => {
    if (response) response.headers = { ...response.headers, ...noStoreHeaders };
  };
  return { after: forbid, onError: forbid };
}
