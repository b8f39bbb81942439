// Middleware: no answer of this endpoint is kept by anybody (RFC 6749 §5.1). No I/O.
import type middy from '@middy/core';
import type { MiddlewareObj } from '@middy/core';
import type { APIGatewayProxyEvent, APIGatewayProxyResult } from 'aws-lambda';

/** Sets `Cache-Control: no-store` on answers and errors alike. */
export function noStore<Event extends APIGatewayProxyEvent>(): MiddlewareObj<Event, APIGatewayProxyResult> {
  const forbid: middy.MiddlewareFn<Event, APIGatewayProxyResult> = ({ response }) => {
    if (response) response.headers = { ...response.headers, 'Cache-Control': 'no-store', Pragma: 'no-cache' };
  };
  return { after: forbid, onError: forbid };
}
