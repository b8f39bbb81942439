// What the functions measure, in the one line that a request has.
import type { APIGatewayProxyEvent, Context } from 'aws-lambda';
import { describe, expect, test } from 'vitest';
import type { Datapoint } from '../../../infra/local/metrics/datapoint.ts';
import { embeddedDatapoints } from '../../../infra/local/metrics/embedded-metrics.ts';
import { tokenEndpoint } from '../../../shared/http/endpoints/token.ts';
import { failureOf, measuredFailure } from '../../../shared/http/errors.ts';
import { createLog } from '../../../shared/http/log.ts';
import { dependencies, errorClasses, metricMeanings } from '../../../shared/metrics.ts';
import type { ExchangeCapabilities } from '../../../shared/oauth/capabilities.ts';
import { type Denial, Refused } from '../../../shared/oauth/denial.ts';
import { formBody, makeWorld } from '../../world.ts';

const start = 1_795_000_000_000;

/** A token function whose clock goes on by a tenth of a millisecond at each look. */
function tokenFunction(changes: Partial<ExchangeCapabilities> = {}, namespace: string | undefined = 'Cambio/Test') {
  const lines: string[] = [];
  const print = (line: string): void => void lines.push(line);
  const write = createLog({ name: 'token', clock: () => start, traceHeader: () => undefined, namespace, print });
  let ticks = 0;
  let ids = 0;
  const handler = tokenEndpoint(makeWorld(changes).cambio, {
    write,
    newId: () => `decision-${ids++}`,
    clock: () => ticks++ / 10,
  });
  const call = (body: string, headers: Readonly<Record<string, readonly string[]>> = {}) => {
    const multiValueHeaders = { 'Content-Type': ['application/x-www-form-urlencoded'], ...headers };
    const requestContext = { requestId: 'request', identity: { sourceIp: '192.0.2.1' } };
    const event = { body, multiValueHeaders, isBase64Encoded: false, requestContext, queryStringParameters: null };
    return handler(event as unknown as APIGatewayProxyEvent as never, {} as Context);
  };
  return { call, lines };
}

/** A metric's identity in CloudWatch: each costs by the month. */
const seriesOf = ({ namespace, name, dimensions }: Datapoint) =>
  JSON.stringify([namespace, name, Object.entries(dimensions).sort()]);

const valuesOf = (points: readonly Datapoint[]) => Object.fromEntries(points.map(({ name, value }) => [name, value]));

describe('the line of a request', () => {
  test('of a grant has its time, that of each phase, and that it succeeded', async () => {
    const { call, lines } = tokenFunction();
    await call(formBody());
    await call(formBody());
    const [first = [], second = []] = lines.map(embeddedDatapoints);
    expect(second.every(({ dimensions }) => JSON.stringify(dimensions) === '{"service":"cambio-token"}')).toBe(true);
    expect(Object.keys(valuesOf(second)).sort()).toEqual(
      ['admit', 'latency', 'mint', 'policy', 'record', 'success', 'verify'].sort(),
    );
    const { latency = 0, success, ...phases } = valuesOf(second);
    expect([success, Object.values(phases).every((time) => time > 0 && time < latency)]).toEqual([1, true]);
    expect([second[0]?.timestamp, second[0]?.namespace]).toEqual([start, 'Cambio/Test']);
    // The first of an execution environment says that there was a start.
    expect([valuesOf(first)['cold_starts'], valuesOf(second)['cold_starts']]).toEqual([1, undefined]);
  });

  test('costs less than 400 bytes for what it measures, and nothing where nothing is counted', async () => {
    const [with_, without] = [tokenFunction(), tokenFunction({}, '')];
    for (const { call } of [with_, without]) for (const _ of [1, 2]) await call(formBody());
    const size = ({ lines }: typeof with_) => Buffer.byteLength(lines[1] ?? '');
    expect(size(with_) - size(without)).toBeLessThan(400);
    expect(embeddedDatapoints(without.lines[1] ?? '')).toEqual([]);
  });

  test('of a refusal has its class, of a failure the dependency as well', async () => {
    const down = () => Promise.reject(new Refused({ kind: 'unavailable', dependency: 'kms' }));
    const { call, lines } = tokenFunction({ sign: down });
    await call(formBody());
    await call('grant_type=other');
    const [failed = [], malformed = []] = lines.map(embeddedDatapoints);
    const errors = (points: readonly Datapoint[]) => points.filter(({ name }) => name.includes('errors'));
    expect(errors(failed)).toMatchObject([
      { name: 'errors', value: 1, dimensions: { service: 'cambio-token', class: 'fault' } },
      { name: 'dependency_errors', value: 1, dimensions: { service: 'cambio-token', dependency: 'kms' } },
    ]);
    expect(errors(malformed)).toMatchObject([{ dimensions: { service: 'cambio-token', class: 'input' } }]);
    expect([valuesOf(failed)['success'], valuesOf(malformed)['success']]).toEqual([0, undefined]);
  });
});

describe('what an exception counts as', () => {
  const token = (reason: 'signature' | 'replayed' | 'binding' | 'expired'): Denial => {
    return { kind: 'token', parameter: 'subject_token', reason, detail: '' };
  };
  test.each<[unknown, ReturnType<typeof measuredFailure>]>([
    [new TypeError('bug'), { success: 0, errors: 1, class: 'fault' }],
    [
      new Refused({ kind: 'unavailable', dependency: 'sts' }),
      { success: 0, errors: 1, class: 'fault', dependency_errors: 1, dependency: 'sts' },
    ],
    [new Refused({ kind: 'unavailable', dependency: 'issuer' }), { success: 0, errors: 1, class: 'fault' }],
    [new Refused({ kind: 'throttled' }), { errors: 1, class: 'throttled' }],
    [new Refused({ kind: 'content_type' }), { errors: 1, class: 'input' }],
    [new Refused({ kind: 'client' }), { errors: 1, class: 'client' }],
    [new Refused({ kind: 'no_rule' }), { errors: 1, class: 'policy' }],
    [new Refused(token('expired')), { errors: 1, class: 'token' }],
    [new Refused(token('signature')), { errors: 1, class: 'token', signature: 1 }],
    [new Refused(token('replayed')), { errors: 1, class: 'token', replayed: 1 }],
    [new Refused(token('binding')), { errors: 1, class: 'token', binding: 1 }],
    [new Refused({ kind: 'dpop', problem: 'missing', detail: '' }), { errors: 1, class: 'token' }],
  ])('%s', (error, measured) => {
    expect(measuredFailure(failureOf(error))).toEqual(measured);
  });
});

test('10,000 clients make no more series than one', async () => {
  const { call, lines } = tokenFunction();
  const series = () => new Set(lines.flatMap(embeddedDatapoints).map(seriesOf));
  const [good, forged] = [formBody(), formBody({ subject_token: 'x.y.z', audience: undefined })];
  const waysOf = (client: string) => [
    () => call(good, { Authorization: [`Basic ${Buffer.from(`${client}:secret`).toString('base64')}`] }),
    () => call(`${forged}&audience=${client}`),
    () => call(`${forged}&scope=${client}&client_id=${client}`),
  ];
  for (const way of [...waysOf('client-0'), () => call(good)]) await way();
  const one = series();
  for (let index = 1; index <= 10_000; index++) await waysOf(`client-${index}`)[index % 3]?.();
  expect(lines).toHaveLength(10_004);
  expect(series()).toEqual(one);
  // All that there can ever be of one function, every dependency included.
  const most = Object.keys(metricMeanings).length + errorClasses.length + dependencies.length;
  expect(one.size).toBeLessThan(most);
  expect([...one].join()).not.toContain('client-');
}, 30_000);
