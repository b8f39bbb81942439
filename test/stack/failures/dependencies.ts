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

async function fetchToken(): Promise<Response> {
  const body = new URLSearchParams({
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subject_token: await stack.tokenFor('github'),
    subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
    audience: 'orders-api',
  });
  return fetch(`${stack.url}/token`, { method: 'POST', body });
}

async function fetchCredentials(): Promise<Response> {
  return fetch(`${stack.url}/credentials?role=deploy-prod`, {
    headers: { authorization: await stack.tokenFor('github') },
  });
}

async function exchange(): Promise<{ status: number; retryAfter: string | null; body: Record<string, unknown> }> {
  const response = await fetchToken();
  return {
    status: response.status,
    retryAfter: response.headers.get('retry-after'),
    body: (await response.json()) as Record<string, unknown>,
  };
}

const isCall = (action: string) => (call: RecordedCall) => call.action === action;

/** As a service does that lets so many calls through in a second, and no burst of more than that. */
function throttling(action: string, perSecond: number): (call: RecordedCall) => boolean {
  let [left, at] = [perSecond, Date.now()];
  return (call) => {
    if (call.action !== action) return false;
    const now = Date.now();
    left = Math.min(perSecond, left + ((now - at) * perSecond) / 1_000);
    at = now;
    if (left < 1) return true;
    left -= 1;
    return false;
  };
}

describe('a burst', () => {
  test.each<[string, string, Fault, () => Promise<Response>]>([
    ['/token', 'kms:Sign', { code: 'ThrottlingException', status: 400 }, async () => fetchToken()],
    ['/credentials', 'sts:AssumeRole', { code: 'Throttling', status: 400 }, async () => fetchCredentials()],
  ])('at %s that is more than %s takes is told to come again, and nothing else', async (_path, action, fault, ask) => {
    deployment.suffer(throttling(action, 1), fault);
    const answers = await Promise.all(Array.from({ length: 12 }, ask));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 503]));
    for (const answer of answers.filter(({ status }) => status === 503)) {
      expect(answer.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
      const { error, code = error } = (await answer.json()) as Record<string, unknown>;
      expect(code).toBe('temporarily_unavailable');
    }
    deployment.recover();
    expect((await ask()).status).toBe(200);
  });
});

describe('an exchange while', () => {
  test.each<[string, string, Fault]>([
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
