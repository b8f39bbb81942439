// Asynchronous invocation of one Lambda function (Invoke, type Event): queued when it returns, not done.

import { sendSigned } from './signed-post.ts';
import type { AwsKeys } from './sigv4.ts';

export interface InvocationOptions {
  /** ARN, of an alias; undefined where there is no such function. */
  readonly functionArn: string | undefined;
  /** Takes the place of the region's own, where it is set. */
  readonly endpoint: string | undefined;
  readonly keys: () => AwsKeys;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
}

type Invoke = () => Promise<void>;

const timeoutMs = 700;

/** The invocation, which throws an Error when it is not queued; undefined where there is nothing to invoke. */
export function createInvoke({ functionArn, endpoint, keys, clock }: InvocationOptions): Invoke | undefined {
  if (!functionArn) return undefined;
  const [, partition, , region = ''] = functionArn.split(':');
  const host = `lambda.${region}.amazonaws.com${partition === 'aws-cn' ? '.cn' : ''}`;
  const url = new URL(
    `/2015-03-31/functions/${encodeURIComponent(functionArn)}/invocations`,
    endpoint || `https://${host}`,
  );
  return async () => {
    const headers = { 'content-type': 'application/json', 'x-amz-invocation-type': 'Event' };
    const post = {
      url,
      region,
      service: 'lambda',
      keys: keys(),
      headers,
      body: '{}',
      timeoutMs,
      now: new Date(clock()),
    };
    const { status } = await sendSigned(post);
    if (status !== 202) throw new Error(`Lambda answered ${status}`);
  };
}
