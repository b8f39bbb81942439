// Invoke of the local Lambda: who waits for what, and who is let in.

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type LambdaApi, startLambdaApi } from '../../../../infra/local/lambda/api.ts';
import { adminArn, authorization, emulatorOptions } from '../emulators.ts';

const arn = 'arn:aws:lambda:eu-west-1:111122223333:function:writer:live';
const { calls, options } = emulatorOptions();
const events: string[] = [];
const results = { fails: false };
let service: LambdaApi;
let early: Response;

beforeAll(async () => {
  const invoke = async (_arn: string, event: string) => {
    events.push(event);
    if (results.fails) return { ok: false, failure: 'function-error', message: 'broken' } as const;
    return { ok: true, payload: '{"done":true}' } as const;
  };
  service = await startLambdaApi(options);
  early = await call(arn);
  service.open(invoke);
});
beforeEach(() => {
  results.fails = false;
  calls.splice(0);
  events.splice(0);
});
afterAll(() => service.close());

const call = (name: string, headers: Readonly<Record<string, string>> = {}) =>
  fetch(`${service.url}/2015-03-31/functions/${encodeURIComponent(name)}/invocations`, {
    method: 'POST',
    headers: { authorization: authorization('lambda'), 'x-amz-date': '20260101T000000Z', ...headers },
    body: '{"a":1}',
  });

describe('Invoke', () => {
  it('has no function before the stack gives it them', async () => {
    expect([early.status, early.headers.get('x-amzn-errortype')]).toEqual([404, 'ResourceNotFoundException']);
    expect((await call(arn)).status).toBe(200);
  });

  it('queues an event, and answers before anything is known of it', async () => {
    results.fails = true;
    const { status } = await call(arn, { 'x-amz-invocation-type': 'Event' });
    expect([status, events]).toEqual([202, ['{"a":1}']]);
    expect(calls).toMatchObject([{ principal: adminArn, action: 'lambda:InvokeFunction', resource: arn }]);
  });

  it('else answers what the function does, or that it failed', async () => {
    expect(await (await call(arn)).json()).toEqual({ done: true });
    results.fails = true;
    const failed = await call(arn);
    expect([failed.status, failed.headers.get('x-amz-function-error')]).toEqual([200, 'Unhandled']);
  });

  it('takes no stranger, no other region and no name', async () => {
    expect((await call(arn, { authorization: authorization('lambda', 'AKIANOBODYNOBODYNOBO') })).status).toBe(403);
    expect((await call(arn, { authorization: authorization('lambda').replace('eu-west', 'us-east') })).status).toBe(
      403,
    );
    expect((await call('writer')).status).toBe(404);
    expect(events).toEqual([]);
    expect((await call(arn)).status).toBe(200);
  });
});
