// Calls of one AWS service by its JSON protocol, signed by hand and sent over connections of our own: what the SDK's clients do
// for the few operations of the hot path, at a fraction of their CPU (docs/decisions/aws-calls-signed-by-hand.md). Network.
import { setTimeout as delay } from 'node:timers/promises';
import { type AwsKeys, createSignPost } from '../sigv4.ts';
import { AwsError, awsErrorOf } from './aws-error.ts';
import { createConnections } from './connections.ts';
import { createCredentials } from './credentials.ts';
import { type Endpoint, type Environment, endpointOf } from './endpoint.ts';
import { createRetryQuota, delayBefore, mostTries, retryClassOf } from './retries.ts';

/** What a service calls itself and its protocol. */
export interface JsonService {
  readonly name: 'dynamodb' | 'kms';
  readonly contentType: string;
  readonly targetPrefix: string;
  /** Of an answer. */
  readonly maxBytes: number;
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

export interface JsonServiceClient {
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
export function createJsonService(service: JsonService, options: DirectOptions): JsonServiceClient {
  const { environment, clock, random, limits = defaultLimits } = options;
  const endpoint = endpointOf(service.name, environment);
  const credentials = createCredentials(environment, clock);
  const connections = createConnections({ ...limits, url: endpoint.url, maxBytes: service.maxBytes });
  const requestText = createRequestText(service, endpoint);
  const quota = createRetryQuota();
  /** Milliseconds that the service's clock is ahead of ours. */
  let skew = 0;

  const once = async (operation: string, body: string): Promise<unknown> => {
    const keys = await credentials.find();
    const answer = await connections.send(requestText({ operation, body, keys, now: new Date(clock() + skew) }));
    if (answer.status !== 200) throw awsErrorOf(answer);
    return JSON.parse(answer.body.toString('utf8'));
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
    const body = JSON.stringify(input);
    const end = clock() + limits.retryMs;
    for (let tries = 1; ; tries += 1) {
      try {
        const output = await once(operation, body);
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

interface RequestParts {
  readonly operation: string;
  readonly body: string;
  readonly keys: AwsKeys;
  readonly now: Date;
}

/** Writes requests: whole, signed, and of nothing but ASCII before the body. */
function createRequestText({ name, contentType, targetPrefix }: JsonService, { url, region }: Endpoint) {
  const signPost = createSignPost({ region, service: name });
  const path = url.pathname;
  return ({ operation, body, keys, now }: RequestParts): string => {
    const headers = { host: url.host, 'content-type': contentType, 'x-amz-target': `${targetPrefix}.${operation}` };
    const signed = signPost({ path, headers, body, keys, now });
    const unsigned = { 'user-agent': 'cambio', 'content-length': Buffer.byteLength(body) };
    const lines = Object.entries({ ...headers, ...signed, ...unsigned }).map(([key, value]) => `${key}: ${value}\r\n`);
    return `POST ${path} HTTP/1.1\r\n${lines.join('')}\r\n${body}`;
  };
}
