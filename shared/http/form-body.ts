// Middleware: the API Gateway event's body to a decoded form (RFC 6749 §3.2, Appendix B). No I/O.
import type { MiddlewareObj } from '@middy/core';
import type { APIGatewayProxyEvent, APIGatewayProxyResult } from 'aws-lambda';
import { Refused } from '../oauth/denial.ts';
import { type Form, isFormContentType, parseForm } from '../oauth/request/form.ts';
import { header, isTooLarge } from './api-gateway.ts';

/** An event whose body was read as a form. */
export interface FormEvent extends APIGatewayProxyEvent {
  form: Form;
}

/**
 * Sets `event.form`. The size is checked before anything is decoded; a query string is refused.
 * @throws Refused `body_too_large`, `content_type` or `parameter`
 */
export function formBody(): MiddlewareObj<FormEvent, APIGatewayProxyResult> {
  return {
    before: ({ event }) => {
      const body = event.body ?? '';
      if (isTooLarge(event)) throw new Refused({ kind: 'body_too_large' });
      if (!isFormContentType(header(event, 'content-type'))) throw new Refused({ kind: 'content_type' });
      // RFC 6749 §3.2: parameters are never read from the URL. To ignore them would be to answer another request than was meant.
      if (hasQuery(event))
        throw new Refused({ kind: 'parameter', parameter: 'the query string', problem: 'not taken here' });
      // Latin-1 keeps every byte a character of its own: what is not ASCII is refused by the parser, not replaced here.
      event.form = parseForm(event.isBase64Encoded ? Buffer.from(body, 'base64').toString('latin1') : body);
    },
  };
}

function hasQuery({ queryStringParameters }: FormEvent): boolean {
  return Object.keys(queryStringParameters ?? {}).length > 0;
}
