// What functions answer while nobody knows the tenants put at run time: each endpoint in its own words, and in its own time.
import type { Context } from 'aws-lambda';
import { describe, expect, test } from 'vitest';
import { createCurrentPolicy } from '../../../shared/aws/policy/current-policy.ts';
import { byResource } from '../../../shared/http/by-resource.ts';
import { credentialsEndpoint } from '../../../shared/http/endpoints/credentials.ts';
import { introspectionEndpoint } from '../../../shared/http/endpoints/introspection.ts';
import { tokenEndpoint } from '../../../shared/http/endpoints/token.ts';
import type { WriteLog } from '../../../shared/http/log.ts';
import { unavailable, withPolicy } from '../../../shared/http/with-policy.ts';
import { Refused } from '../../../shared/oauth/denial.ts';
import type { CompiledPolicy } from '../../../shared/policy/compiled-policy.ts';
import { indexRules } from '../../../shared/policy/evaluate.ts';
import { tenantPolicy } from '../../infra/policy/tenant-world.ts';
import { formBody, makeWorld, policy, subjectToken } from '../../world.ts';

type Lines = [level: string, message: string, fields: object, measured: object | undefined][];

const brief = () => new Promise<void>((resolve) => setTimeout(resolve, 20));

function serve(current: () => Promise<CompiledPolicy>, clock: () => number = () => 0) {
  const lines: Lines = [];
  const write: WriteLog = (level, message, fields, measured) => void lines.push([level, message, fields, measured]);
  const { cambio, records } = makeWorld({ countRequest: brief });
  const by = (served: CompiledPolicy, error?: unknown) => {
    const capabilities = { ...cambio, policy: served, findRules: indexRules(served.rules), mayGuess: () => true };
    const options = { write, newId: () => 'decision-7', clock, unavailable: error };
    return byResource({
      '/token': tokenEndpoint(capabilities, options),
      '/credentials': credentialsEndpoint(capabilities, options),
      '/introspect': introspectionEndpoint(capabilities as never, options),
    });
  };
  const made: CompiledPolicy[] = [];
  const handler = withPolicy(
    { current, clock },
    {
      by: (served) => {
        made.push(served);
        return by(served);
      },
      without: (error) => by(policy, error),
    },
  );
  const send = async (resource: string, body: string | null) => {
    const event = {
      ...{ resource, body, isBase64Encoded: false },
      multiValueHeaders: {
        'Content-Type': ['application/x-www-form-urlencoded'],
        ...(body === null && { Authorization: [subjectToken()] }),
      },
      multiValueQueryStringParameters: { role: ['deploy'] },
      requestContext: { requestId: 'request-1', identity: { sourceIp: '192.0.2.1' } },
    };
    const answer = await handler(event as never, {} as Context);
    return { status: answer.statusCode, headers: answer.headers, body: JSON.parse(answer.body) as object };
  };
  return { send, lines, made, records };
}

const down = new Refused({ kind: 'unavailable', dependency: 'dynamodb' }, { cause: new Error('no list') });
const exchange = formBody({});

describe('without a policy', () => {
  test('every endpoint says so in its own words, counts it as a fault, and grants nothing by what is deployed', async () => {
    const { send, lines, records } = serve(() => Promise.reject(down));
    const said = { error: 'temporarily_unavailable', decision_id: 'decision-7' };
    for (const [resource, body] of [
      ['/token', exchange],
      ['/introspect', 'token=x'],
    ] as const) {
      const answer = await send(resource, body);
      expect(answer).toMatchObject({ status: 503, body: said, headers: { 'Retry-After': expect.any(String) } });
      expect(answer.headers).toMatchObject({ 'Cache-Control': 'no-store' });
    }
    expect(await send('/credentials', null)).toMatchObject({
      status: 503,
      body: { code: expect.any(String), message: expect.any(String), decision_id: 'decision-7' },
    });
    expect(lines.map(([level, message]) => [level, message])).toEqual([
      ['error', 'token_exchange'],
      ['error', 'introspection'],
      ['error', 'aws_credentials'],
    ]);
    expect(lines.map(([, , , measured]) => measured)).toMatchObject(
      Array(3).fill({ success: 0, class: 'fault', dependency_errors: 1, dependency: 'dynamodb' }),
    );
    expect(records.some(({ ending }) => ending.outcome === 'granted')).toBe(false);
    const whole = serve(async () => policy);
    expect((await whole.send('/token', exchange)).status).toBe(200);
  });

  test('a request that is malformed is told so all the same', async () => {
    const { send } = serve(() => Promise.reject(down));
    expect(await send('/token', 'a=%')).toMatchObject({ status: 400, body: { error: 'invalid_request' } });
    expect(await send('/token', exchange)).toMatchObject({ status: 503 });
  });

  test('what makes no decisions answers in JSON and writes its line', async () => {
    const lines: Lines = [];
    const write: WriteLog = (level, message, fields, measured) => void lines.push([level, message, fields, measured]);
    const by = (status: number) => async () => ({ statusCode: status, body: '{}' });
    const without = unavailable('security_event_failed', write);
    const serving = { by: () => by(202), without };
    const answerOf = (current: () => Promise<CompiledPolicy>) =>
      withPolicy({ current, clock: () => 0 }, serving)({}, {} as Context);
    expect(await answerOf(() => Promise.reject(down))).toMatchObject({
      statusCode: 503,
      headers: { 'Cache-Control': 'no-store', 'Retry-After': expect.any(String) },
    });
    expect(lines).toMatchObject([['error', 'security_event_failed', {}, { success: 0 }]]);
    expect(await answerOf(async () => policy)).toMatchObject({ statusCode: 202 });
  });
});

test('a handler is made once for each policy, and again for another', async () => {
  const policies = [policy, policy, { ...policy, hash: 'other' }];
  const { send, made } = serve(async () => policies.shift() ?? policy);
  for (let asked = 0; asked < 3; asked += 1) expect((await send('/token', exchange)).status).toBe(200);
  expect(made.map(({ hash }) => hash)).toEqual([policy.hash, 'other']);
});

test('a tenant removed during an exchange is gone for the next: the one that has begun ends by the policy it began with', async () => {
  const whole = tenantPolicy();
  const gone = { ...whole, issuers: {}, audiences: {}, rules: [] };
  let served: CompiledPolicy = whole;
  const { send, records } = serve(async () => served);
  const token = subjectToken({ iss: 'https://token.actions.example', aud: 'https://sts.acme.example' });
  const body = formBody({ subject_token: token, audience: 'acme/api' });
  const begun = send('/token', body);
  await Promise.resolve();
  served = gone;
  const [next, first] = await Promise.all([send('/token', body), begun]);
  expect([first.status, next.status]).toEqual([200, 400]);
  expect(next.body).toMatchObject({ error: 'invalid_request' });
  expect(records.map(({ policyHash, ending: { outcome } }) => [policyHash, outcome])).toContainEqual([
    whole.hash,
    'granted',
  ]);
  served = whole;
  expect((await send('/token', body)).status).toBe(200);
});

test('what is waited for the policy is of the request’s own time', async () => {
  let at = 0;
  const slowBy = (milliseconds: number) =>
    serve(
      async () => {
        at += milliseconds;
        return policy;
      },
      () => at,
    );
  expect((await slowBy(2_000).send('/token', exchange)).status).toBe(200);
  expect((await slowBy(3_000).send('/token', exchange)).status).toBe(503);
});

test('a list of tenants that cannot be read is told each time, also while the last one serves, and then nothing is answered', async () => {
  const cause = new Error('the list of tenants has a MAC of somebody else');
  const state = { now: 0, fails: false };
  const unread: (readonly string[] | undefined)[] = [];
  const lines: Parameters<WriteLog>[] = [];
  const current = createCurrentPolicy({
    deployed: policy,
    readParts: async () => {
      if (state.fails) throw new Refused({ kind: 'unavailable', dependency: 'dynamodb' }, { cause });
      return [];
    },
    clock: () => state.now,
    onUnread: (causes) => void unread.push(causes),
  });
  const handler = withPolicy(
    { current, clock: () => state.now },
    {
      by: () => async () => ({ statusCode: 200, body: '' }),
      without: unavailable('suspension', (...line) => void lines.push(line)),
    },
  );
  const asked = async (seconds: number) => {
    state.now += seconds * 1_000;
    return (await handler({}, {} as Context)).statusCode;
  };
  expect([await asked(0), await asked(60)]).toEqual([200, 200]);
  expect([unread, lines]).toEqual([[], []]);
  state.fails = true;
  expect([await asked(60), lines]).toEqual([200, []]);
  expect(unread).toEqual([[expect.any(String), `Error: ${cause.message}`]]);
  expect(await asked(600)).toBe(503);
  expect(unread).toHaveLength(2);
  expect(lines).toEqual([
    [
      'error',
      'suspension',
      expect.objectContaining({ error: 'temporarily_unavailable', cause: [`Error: ${cause.message}`] }),
      expect.objectContaining({ success: 0, errors: 1, class: 'fault' }),
    ],
  ]);
  state.fails = false;
  expect([await asked(1), unread.length, lines.length]).toEqual([200, 2, 1]);
});
