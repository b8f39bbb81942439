// Dependencies that fail under the running stack: 503 with Retry-After, never a wrong yes, and back to work afterwards.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Fault, RecordedCall } from '../../infra/local/protocol/calls.ts';
import { type LocalStack, startLocalStack } from '../../infra/local/stack.ts';

let stack: LocalStack;
let fault: (call: RecordedCall) => Fault | undefined = () => undefined;
beforeAll(async () => {
  stack = await startLocalStack({ fault: (call) => fault(call) });
  await exchange();
});
afterAll(() => stack.close());
afterEach(() => {
  fault = () => undefined;
});

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

const failing = (action: string, answer: Fault) => (call: RecordedCall) =>
  call.action === action ? answer : undefined;

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
    fault = failing(action, answer);
    const refused = await exchange();
    expect(refused).toMatchObject({ status: 503, retryAfter: '1', body: { error: 'temporarily_unavailable' } });
    expect(refused.body).not.toHaveProperty('access_token');
    expect(refused.body['decision_id']).toEqual(expect.any(String));
    fault = () => undefined;
    expect((await exchange()).status).toBe(200);
  });

  test('the keyring cannot be read is 503 on a cold start, by its own name, and granted as soon as it is over', async () => {
    const cold = await startLocalStack({ fault: (call) => fault(call) });
    try {
      fault = failing('dynamodb:GetItem', { delayMs: 5_000 });
      const body = new URLSearchParams({
        grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
        subject_token: await cold.tokenFor('github'),
        subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
        audience: 'orders-api',
      });
      const post = () => fetch(`${cold.url}/token`, { method: 'POST', body });
      expect((await post()).status).toBe(503);
      expect(cold.logs.some(({ line }) => line.includes('"dependency":"dynamodb"'))).toBe(true);
      fault = () => undefined;
      expect((await post()).status).toBe(200);
    } finally {
      await cold.close();
    }
  });

  test('one KMS call fails is granted: the retry is ours, not the caller’s', async () => {
    let failures = 0;
    fault = (call) => {
      if (call.action !== 'kms:Sign' || failures > 0) return undefined;
      failures += 1;
      return { code: 'KMSInternalException', status: 500 };
    };
    expect((await exchange()).status).toBe(200);
    expect(failures).toBe(1);
  });
});
