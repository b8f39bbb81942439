// Dependencies that fail under the running stack: 503 with Retry-After, never a wrong yes, and back to work afterwards.
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Fault, RecordedCall } from '../../../infra/local/protocol/calls.ts';
import type { LocalStack } from '../../../infra/local/stack.ts';
import type { Deployment } from '../../game-day/deployment.ts';
import { type Alarm, evaluateAlarm } from '../../infra/alarms/cloudwatch.ts';
import { deploymentThatFails } from './deployment.ts';

let deployment: Deployment;
let stack: LocalStack;
beforeAll(async () => {
  deployment = await deploymentThatFails();
  stack = deployment.stack;
  await exchange();
});
afterEach(() => deployment.recover());

async function exchange(): Promise<{ status: number; retryAfter: string | null; body: Record<string, unknown> }> {
  const body = new URLSearchParams({
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subject_token: await stack.tokenFor('github'),
    subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
    audience: 'orders-api',
  });
  const response = await fetch(`${stack.url}/token`, { method: 'POST', body });
  return {
    status: response.status,
    retryAfter: response.headers.get('retry-after'),
    body: (await response.json()) as Record<string, unknown>,
  };
}

const isCall = (action: string) => (call: RecordedCall) => call.action === action;

describe('an exchange while', () => {
  test.each<[string, string, Fault]>([
    ['KMS throttles', 'kms:Sign', { code: 'ThrottlingException', status: 400 }],
    ['KMS is broken', 'kms:Sign', { code: 'KMSInternalException', status: 500 }],
    ['the key is disabled', 'kms:Sign', { code: 'DisabledException', status: 400 }],
    ['KMS refuses the role', 'kms:Sign', { code: 'AccessDeniedException', status: 400 }],
    ['DynamoDB throttles', 'dynamodb:PutItem', { code: 'ProvisionedThroughputExceededException', status: 400 }],
    ['DynamoDB is broken', 'dynamodb:PutItem', { code: 'InternalServerError', status: 500 }],
    ['the record’s key is taken', 'dynamodb:PutItem', { code: 'ConditionalCheckFailedException', status: 400 }],
    ['KMS is too slow', 'kms:Sign', { delayMs: 5_000 }],
  ])('%s is 503, and granted as soon as it is over', async (_what, action, answer) => {
    deployment.suffer(isCall(action), answer);
    const refused = await exchange();
    expect(refused).toMatchObject({ status: 503, retryAfter: '1', body: { error: 'temporarily_unavailable' } });
    expect(refused.body).not.toHaveProperty('access_token');
    expect(refused.body['decision_id']).toEqual(expect.any(String));
    deployment.recover();
    expect((await exchange()).status).toBe(200);
  });

  test('the keyring cannot be read is 503 on a cold start, by its own name, and granted as soon as it is over', async () => {
    await deployment.restart();
    const before = stack.logs.length;
    deployment.suffer(isCall('dynamodb:GetItem'), { delayMs: 5_000 });
    expect((await exchange()).status).toBe(503);
    expect(stack.logs.slice(before).some(({ line }) => line.includes('"dependency":"dynamodb"'))).toBe(true);
    deployment.recover();
    expect((await exchange()).status).toBe(200);
  });

  test('one KMS call fails is granted: the retry is ours, not the caller’s', async () => {
    let failures = 0;
    const isFirst = (call: RecordedCall): boolean => {
      if (call.action !== 'kms:Sign' || failures > 0) return false;
      failures += 1;
      return true;
    };
    deployment.suffer(isFirst, { code: 'KMSInternalException', status: 500 });
    expect((await exchange()).status).toBe(200);
    expect(failures).toBe(1);
  });
});

test('while KMS is down the alarm of the template is on over what the functions measured, and it is off an hour later', async () => {
  const resource = Object.values(stack.template.Resources).find(({ Properties }) =>
    String(Properties?.['AlarmName']).endsWith('-dependency-errors-measured'),
  );
  const alarm = stack.resolve(resource?.Properties) as Alarm;
  deployment.suffer(isCall('kms:Sign'), { code: 'KMSInternalException', status: 500 });
  for (const _ of Array(10)) expect((await exchange()).status).toBe(503);
  deployment.recover();
  const at = (later: number) => evaluateAlarm(alarm, stack.metrics(), Date.now() + 1 + later);
  expect([at(0), at(3_600_000)]).toEqual(['ALARM', 'OK']);
});
