// The one inline policy of a role that Cambio writes, by IAM's Query API: three operations, signed by hand because they are
// called once a minute and a client of the SDK would be most of the function.
import { setTimeout as delay } from 'node:timers/promises';
import type { RolePolicy } from '../oauth/role-session/end-sessions.ts';
import { parseRoleArn } from '../policy/role-arn.ts';
import { revocationsPolicy } from '../policy/session-revocation.ts';
import { type PostAnswer, sendSigned } from './signed-post.ts';
import type { AwsKeys } from './sigv4.ts';
import { elementIn } from './xml-element.ts';

/** What IAM says is wrong, by its own code. */
export class IamError extends Error {
  override readonly name = 'IamError';
  readonly code: string;

  constructor(code: string, message: string) {
    super(`${code}: ${message}`);
    this.code = code;
  }
}

export interface IamOptions {
  /** Takes the place of the partition's own, where it is set. */
  readonly endpoint: string | undefined;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  /** From 0 up to 1. */
  readonly random: () => number;
}

/** IAM is one for each partition, and signed for in one region of it. */
const partitions: Readonly<Record<string, readonly [host: string, region: string]>> = {
  aws: ['iam.amazonaws.com', 'us-east-1'],
  'aws-cn': ['iam.cn-north-1.amazonaws.com.cn', 'cn-north-1'],
  'aws-us-gov': ['iam.us-gov.amazonaws.com', 'us-gov-west-1'],
};

const version = '2010-05-08';
const mostTries = 4;
const timeoutMs = 3_000;
/** Milliseconds before the second try, doubled before each further one. */
const firstDelay = 200;

/**
 * The inline policy of the role of an ARN.
 * @throws IamError; Error when IAM cannot be reached
 */
export function createRolePolicy(options: IamOptions): (arn: string, keys: AwsKeys) => RolePolicy {
  return (arn, keys) => {
    const { name = '', partition = '' } = parseRoleArn(arn) ?? {};
    const call = (action: string, more: Readonly<Record<string, string>> = {}): Promise<string> =>
      retried(
        { action, partition, keys, parameters: { RoleName: name, PolicyName: revocationsPolicy, ...more } },
        options,
      );
    return {
      read: () => call('GetRolePolicy').then(documentIn, ifCode('NoSuchEntity', undefined)),
      write: (text) => call('PutRolePolicy', { PolicyDocument: text }).then(() => true, ifCode('LimitExceeded', false)),
      remove: () => call('DeleteRolePolicy').then(() => undefined, ifCode('NoSuchEntity', undefined)),
    };
  };
}

interface IamCall {
  readonly action: string;
  readonly partition: string;
  readonly keys: AwsKeys;
  readonly parameters: Readonly<Record<string, string>>;
}

async function retried(call: IamCall, options: IamOptions): Promise<string> {
  for (let tries = 1; ; tries += 1) {
    try {
      return bodyOf(await send(call, options));
    } catch (error) {
      if (tries === mostTries || !isTransient(error)) throw error;
    }
    await delay(firstDelay * 2 ** (tries - 1) * options.random());
  }
}

function send({ action, partition, keys, parameters }: IamCall, { endpoint, clock }: IamOptions): Promise<PostAnswer> {
  const [host, region] = partitions[partition] ?? [];
  if (host === undefined || region === undefined) throw new Error(`no endpoint of IAM is known for ${partition}`);
  return sendSigned({
    url: new URL(endpoint || `https://${host}/`),
    ...{ region, service: 'iam', keys, timeoutMs, now: new Date(clock()) },
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ Action: action, Version: version, ...parameters }).toString(),
  });
}

function bodyOf({ status, body }: PostAnswer): string {
  if (status === 200) return body;
  throw new IamError(elementIn(body, 'Code') ?? `status ${status}`, elementIn(body, 'Message')?.slice(0, 300) ?? '');
}

/** Without an answer of IAM, or with one about how busy it is. What it refuses it would refuse again. */
function isTransient(error: unknown): boolean {
  return (
    !(error instanceof IamError) ||
    /^(Throttl|RequestLimit|ServiceFailure|ServiceUnavail|InternalFail|ConcurrentMod|status 5)/.test(error.code)
  );
}

function ifCode<Value>(code: string, value: Value): (error: unknown) => Value {
  return (error) => {
    if (error instanceof IamError && error.code === code) return value;
    throw error;
  };
}

/** Sent as RFC 3986 encodes it, which leaves nothing for XML to escape. */
function documentIn(xml: string): string {
  const document = elementIn(xml, 'PolicyDocument');
  if (document === undefined) throw new Error('IAM answered no policy document');
  return decodeURIComponent(document);
}
