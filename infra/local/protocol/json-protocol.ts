// The AWS JSON 1.0/1.1 protocols as the emulators answer them, errors included. Pure.

import { randomUUID } from 'node:crypto';
import { AwsError } from './aws-error.ts';
import type { ServiceRequest, ServiceResponse } from './http-service.ts';
import { type Caller, type CallerScope, findCaller, type Unauthenticated } from './sigv4-caller.ts';

export interface JsonProtocol {
  readonly contentType: 'application/x-amz-json-1.0' | 'application/x-amz-json-1.1';
  /** First part of `X-Amz-Target`. */
  readonly targetPrefix: string;
  /** Namespaces of `__type`, `#` included; KMS has none. */
  readonly frontEndErrors: string;
}

const codes: Readonly<Record<Unauthenticated, string>> = {
  'missing-token': 'MissingAuthenticationTokenException',
  'incomplete-signature': 'IncompleteSignatureException',
  'wrong-scope': 'InvalidSignatureException',
  'unknown-key': 'UnrecognizedClientException',
};

/**
 * The caller of a request.
 * @throws AwsError what the front end of the service answers, always HTTP 400
 */
export function jsonCaller(protocol: JsonProtocol, request: ServiceRequest, scope: CallerScope): Caller {
  const caller = findCaller(request.headers, scope);
  if ('reason' in caller) throw new AwsError(`${protocol.frontEndErrors}${codes[caller.reason]}`, caller.message);
  return caller;
}

/**
 * The operation that `X-Amz-Target` names.
 * @throws AwsError UnknownOperationException
 */
export function jsonOperation(protocol: JsonProtocol, request: ServiceRequest): string {
  const target = request.headers['x-amz-target'];
  const [prefix, operation, ...rest] = typeof target === 'string' ? target.split('.') : [];
  if (request.method !== 'POST' || prefix !== protocol.targetPrefix || !operation || rest.length > 0) {
    throw new AwsError(`${protocol.frontEndErrors}UnknownOperationException`, 'Unknown operation');
  }
  return operation;
}

export function jsonAnswer(protocol: JsonProtocol, output: unknown): ServiceResponse {
  return answer(protocol, 200, output === undefined ? '' : JSON.stringify(output));
}

/** Anything but an AwsError is a mistake of the emulator and is thrown on. */
export function jsonError(protocol: JsonProtocol, error: unknown): ServiceResponse {
  if (!(error instanceof AwsError)) throw error;
  const { code, message, status } = error;
  return answer(protocol, status, JSON.stringify(message ? { __type: code, message } : { __type: code }));
}

function answer({ contentType }: JsonProtocol, status: number, body: string): ServiceResponse {
  return { status, headers: { 'content-type': contentType, 'x-amzn-requestid': randomUUID() }, body };
}
