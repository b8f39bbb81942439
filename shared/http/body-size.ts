// How large a request body may be (contract §2). Pure.
import type { APIGatewayProxyEvent } from 'aws-lambda';

const maxBodyBytes = 64 * 1024;

/** Asked before anything is decoded. */
export function isTooLarge({ body, isBase64Encoded }: Pick<APIGatewayProxyEvent, 'body' | 'isBase64Encoded'>): boolean {
  return Buffer.byteLength(body ?? '', isBase64Encoded ? 'base64' : 'utf8') > maxBodyBytes;
}
