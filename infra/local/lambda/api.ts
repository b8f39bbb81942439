// AWS Lambda's Invoke on loopback, for functions that call functions. I/O: one socket.

import { AwsError, suffer } from '../protocol/aws-error.ts';
import type { EmulatorOptions, RecordedCall } from '../protocol/calls.ts';
import { type HttpService, type ServiceRequest, type ServiceResponse, serveHttp } from '../protocol/http-service.ts';
import { findCaller } from '../protocol/sigv4-caller.ts';
import type { Invoke } from './running-functions.ts';

export interface LambdaApi extends HttpService {
  /** Gives the API its functions; until then it answers that there is none. */
  readonly open: (invoke: Invoke) => void;
}

const maxBodyBytes = 1024 * 1024;

/** @throws Error when the port is taken */
export async function startLambdaApi(options: EmulatorOptions): Promise<LambdaApi> {
  let invoke: Invoke | undefined;
  const service = await serveHttp(options.port ?? 0, maxBodyBytes, async (request) => {
    try {
      return await answer(options, invoke, request);
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      const { code, message, status } = error;
      return { status, headers: { 'x-amzn-errortype': code }, body: JSON.stringify({ message }) };
    }
  });
  return {
    ...service,
    open: (next) => {
      invoke = next;
    },
  };
}

async function answer(
  options: EmulatorOptions,
  invoke: Invoke | undefined,
  request: ServiceRequest,
): Promise<ServiceResponse> {
  const call = callOf(options, request);
  options.record(call);
  await suffer(options.fault, [call]);
  if (!invoke) throw new AwsError('ResourceNotFoundException', `Function not found: ${call.resource}`, 404);
  const running = invoke(call.resource, request.body.toString());
  if (request.headers['x-amz-invocation-type'] === 'Event') {
    // Nobody waits; what the function says of its failure is in its log.
    running.catch(() => {});
    return { status: 202, headers: {}, body: '' };
  }
  const result = await running;
  if (result.ok) return { status: 200, headers: {}, body: result.payload };
  const body = JSON.stringify({ errorMessage: result.message });
  return { status: 200, headers: { 'x-amz-function-error': 'Unhandled' }, body };
}

/** @throws AwsError for a stranger, and for what is no invocation of an ARN */
function callOf({ region, principalOf, clock = Date.now }: EmulatorOptions, request: ServiceRequest): RecordedCall {
  const caller = findCaller(request.headers, { service: 'lambda', regions: [region], principalOf });
  if ('reason' in caller) throw new AwsError('InvalidSignatureException', caller.message, 403);
  const [, name = ''] = /^\/2015-03-31\/functions\/([^/]+)\/invocations$/.exec(request.path) ?? [];
  const resource = decodeURIComponent(name);
  if (request.method !== 'POST' || !resource.startsWith('arn:aws:lambda:')) {
    throw new AwsError('ResourceNotFoundException', 'The local Lambda invokes functions by ARN only', 404);
  }
  const { principal } = caller;
  return { at: clock(), service: 'lambda', principal, action: 'lambda:InvokeFunction', resource, context: {} };
}
