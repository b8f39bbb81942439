// What all endpoints have in common: nobody keeps an answer by accident, a bug is 500, and a request ends in time.
import type { APIGatewayProxyResult, Context } from 'aws-lambda';
import { expect, test, vi } from 'vitest';
import { json } from '../../../shared/http/api-gateway.ts';
import { endpoint } from '../../../shared/http/endpoint.ts';
import { failureLog } from '../../../shared/http/errors.ts';
import { Refused } from '../../../shared/oauth/denial.ts';

async function call(respond: () => Promise<APIGatewayProxyResult>, abandon = () => {}) {
  const lines: unknown[] = [];
  const log = failureLog({
    name: 'failed',
    write: (level, message, fields) => void lines.push([level, message, fields]),
  });
  const answer = await endpoint({ log, respond, abandon })({}, {} as Context);
  return { ...answer, lines };
}

test('nobody keeps an answer that does not say for how long', async () => {
  const silent = await call(async () => json(200, {}));
  expect(silent.headers).toMatchObject({ 'Cache-Control': 'no-store', Pragma: 'no-cache' });
  const kept = await call(async () => json(200, {}, { 'Cache-Control': 'public, max-age=15' }));
  expect(kept.headers).toEqual({ 'Content-Type': 'application/json', 'Cache-Control': 'public, max-age=15' });
  const failed = await call(() => Promise.reject(new TypeError('a bug')));
  expect([failed.statusCode, failed.headers?.['Cache-Control']]).toEqual([500, 'no-store']);
});

test('a refusal is told to the log as such, an outage and a bug to whoever is on call, an answer not at all', async () => {
  const levelOf = async (error: Error) => (await call(() => Promise.reject(error))).lines;
  expect(await levelOf(new Refused({ kind: 'body_too_large' }))).toMatchObject([['info', 'failed', {}]]);
  expect(await levelOf(new Refused({ kind: 'unavailable', dependency: 'kms' }))).toMatchObject([
    ['error', 'failed', {}],
  ]);
  expect(await levelOf(new TypeError('a bug'))).toMatchObject([['error', 'failed', { error: 'server_error' }]]);
  expect((await call(async () => json(200, {}))).lines).toEqual([]);
});

test('a request that waits for what never comes is 503 after three seconds, and is told that nobody waits', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  let abandoned = 0;
  const hanging = call(
    () => new Promise(() => {}),
    () => {
      abandoned += 1;
    },
  );
  await vi.advanceTimersByTimeAsync(2_999);
  expect(abandoned).toBe(0);
  await vi.advanceTimersByTimeAsync(1);
  vi.useRealTimers();
  expect([(await hanging).statusCode, abandoned]).toEqual([503, 1]);
});
