// Calls of one AWS service, signed by hand and sent over connections of our own: what the SDK's clients do for the few
// operations of the hot path, at a fraction of their CPU (docs/decisions/aws-calls-signed-by-hand.md). Network.
import { setTimeout as delay } from 'node:timers/promises';
import { type AwsKeys, createSignPost } from '../sigv4.ts';
import type { Answer } from './answer.ts';
import { AwsError, type Fault } from './aws-error.ts';
import { createConnections } from './connections.ts';
import { createCredentials } from './credentials.ts';
import { type Endpoint, type Environment, endpointOf } from './endpoint.ts';
import { createRetryQuota, delayBefore, mostTries, retryClassOf } from './retries.ts';

/** What a service calls itself, and how it is spoken to. */
export interface ServiceProtocol {
  readonly name: 'dynamodb' | 'kms' | 'sts';
  /** Of an answer. */
  readonly maxBytes: number;
  readonly write: (operation: string, input: object) => ServiceRequest;
  /** Of a body with status 200. */
  readonly read: (body: string) => unknown;
  readonly faultIn: (answer: Answer) => Fault;
}

export interface ServiceRequest {
  /** In lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** What is sent proves itself. */
  readonly isUnsigned?: boolean;
}

/** What calls are made from. */
export interface DirectOptions {
  /** The SDK's standard variables: region, keys, endpoints. */
  readonly environment: Environment;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  /** From 0 up to 1. */
  readonly random: () => number;
  readonly limits?: CallLimits;
}

/** Milliseconds. */
export interface CallLimits {
  /** Until a connection is there, TLS included. */
  readonly connectMs: number;
  /** For an answer. */
  readonly answerMs: number;
  /** After which a call is not tried again. */
  readonly retryMs: number;
}

/** A request has three seconds, and two calls one after the other. */
const defaultLimits: CallLimits = { connectMs: 400, answerMs: 700, retryMs: 900 };

export interface ServiceClient {
  /** @throws AwsError; Error when there is no answer */
  readonly call: (operation: string, input: object) => Promise<unknown>;
  /** Opens a connection before there is a call. */
  readonly open: () => void;
}

/** Codes by which services refuse a signature; a clock that is wrong is among the causes. */
const signatureRefused: ReadonlySet<string> = new Set([
  'AuthFailure',
  'InvalidSignatureException',
  'RequestExpired',
  'RequestInTheFuture',
  'RequestTimeTooSkewed',
  'SignatureDoesNotMatch',
]);
const keysExpired: ReadonlySet<string> = new Set(['ExpiredToken', 'ExpiredTokenException']);
/** Milliseconds a clock may be wrong; services refuse five minutes. */
const skewAllowed = 240_000;

/** @throws Error when the environment names no region, or endpoints that cannot be had */
export function createService(protocol: ServiceProtocol, options: DirectOptions): ServiceClient {
  const { environment, clock, random, limits = defaultLimits } = options;
  const endpoint = endpointOf(protocol.name, environment);
  const credentials = createCredentials(environment, clock);
  const connections = createConnections({ ...limits, url: endpoint.url, maxBytes: protocol.maxBytes });
  const requestText = createRequestText(protocol.name, endpoint);
  const quota = createRetryQuota();
  /** Milliseconds that the service's clock is ahead of ours. */
  let skew = 0;

  const once = async (request: ServiceRequest): Promise<unknown> => {
    const keys = request.isUnsigned ? undefined : await credentials.find();
    const answer = await connections.send(requestText({ ...request, keys, now: new Date(clock() + skew) }));
    if (answer.status !== 200) throw new AwsError(protocol.faultIn(answer), answer);
    return protocol.read(answer.body.toString('utf8'));
  };
  /** Whether another try may end otherwise, because the cause of the error is no longer there. */
  const isMended = (error: unknown): boolean => {
    if (!(error instanceof AwsError)) return false;
    if (keysExpired.has(error.name)) return credentials.renew();
    const measured = error.date - clock();
    if (!signatureRefused.has(error.name) || !(Math.abs(measured - skew) > skewAllowed)) return false;
    skew = measured;
    return true;
  };
  const call = async (operation: string, input: object): Promise<unknown> => {
    const request = protocol.write(operation, input);
    const end = clock() + limits.retryMs;
    for (let tries = 1; ; tries += 1) {
      try {
        const output = await once(request);
        quota.refill();
        return output;
      } catch (error) {
        const kind = isMended(error) ? 'transient' : retryClassOf(error);
        const wait = kind && delayBefore(kind, tries, random());
        if (wait === undefined || tries === mostTries || clock() + wait > end || !quota.take()) throw error;
        await delay(wait);
      }
    }
  };
  return { call, open: connections.open };
}

interface RequestParts extends ServiceRequest {
  readonly keys: AwsKeys | undefined;
  readonly now: Date;
}

/** Writes requests: whole, signed, and of nothing but ASCII before the body. */
function createRequestText(service: string, { url, region }: Endpoint) {
  const signPost = createSignPost({ region, service });
  const path = url.pathname;
  return ({ headers: own, body, keys, now }: RequestParts): string => {
    const headers = { host: url.host, ...own };
    const signed = keys && signPost({ path, headers, body, keys, now });
    const unsigned = { 'user-agent': 'cambio', 'content-length': Buffer.byteLength(body) };
    const lines = Object.entries({ ...headers, ...signed, ...unsigned }).map(([key, value]) => `${key}: ${value}\r\n`);
    return `POST ${path} HTTP/1.1\r\n${lines.join('')}\r\n${body}`;
  };
}
