// The JSON protocol of AWS, as DynamoDB and KMS speak it. Pure.
// https://smithy.io/2.0/aws/protocols/aws-json-1_0-protocol.html
import { faultIn } from './aws-error.ts';
import type { ServiceProtocol } from './service.ts';

/** What a service calls itself and its protocol. */
export interface JsonService extends Pick<ServiceProtocol, 'name' | 'maxBytes'> {
  readonly contentType: string;
  readonly targetPrefix: string;
}

export function jsonProtocol({ name, maxBytes, contentType, targetPrefix }: JsonService): ServiceProtocol {
  return {
    name,
    maxBytes,
    write: (operation, input) => ({
      headers: { 'content-type': contentType, 'x-amz-target': `${targetPrefix}.${operation}` },
      body: JSON.stringify(input),
    }),
    read: JSON.parse,
    faultIn,
  };
}
