// The dashboards show nothing that is not there: every metric by its name and dimensions, every field of the log.
import { randomUUID } from 'node:crypto';
import type { APIGatewayProxyEvent, Context } from 'aws-lambda';
import { expect, test } from 'vitest';
import { tokenEndpoint } from '../../../shared/http/endpoints/token.ts';
import { createLog } from '../../../shared/http/log.ts';
import {
  dependencies,
  dimensionsOf,
  embeddedMetrics,
  errorClasses,
  type MetricName,
  metricMeanings,
} from '../../../shared/metrics.ts';
import { Refused } from '../../../shared/oauth/denial.ts';
import { runbooks } from '../../game-day/runbooks.ts';
import { formBody, makeWorld, type World } from '../../world.ts';
import { resourcesOf, templateOf } from '../synthesized.ts';

interface Properties {
  readonly title: string;
  readonly metrics?: readonly (readonly unknown[])[];
  readonly query?: string;
}

const template = templateOf();
/** Of the template, with what only CloudFormation knows as `x`. */
const dashboards = Object.values(resourcesOf(template, 'AWS::CloudWatch::Dashboard')).map(
  ({ Properties: dashboard }) => {
    const { 'Fn::Join': joined } = dashboard['DashboardBody'] as { readonly 'Fn::Join': [string, unknown[]] };
    const body = joined[1].map((part) => (typeof part === 'string' ? part : 'x')).join('');
    return (JSON.parse(body) as { readonly widgets: readonly { readonly properties: Properties }[] }).widgets;
  },
);
const shown = dashboards.flat().map(({ properties }) => properties);

const services = /^cambio-(token|introspect|revoke|probe|trail-writer|trail-sweep)$/;
const known: Readonly<Record<string, (value: string) => boolean>> = {
  service: (value) => services.test(value),
  class: (value) => (errorClasses as readonly string[]).includes(value),
  dependency: (value) => (dependencies as readonly string[]).includes(value),
};

/** Each series with the title it stands below. */
const series = shown.flatMap(({ title, metrics = [] }) =>
  (metrics as [string, string, ...unknown[]][])
    .filter(([first]) => typeof first === 'string')
    .map(([namespace, name, ...rest]) => {
      const { stat } = rest.at(-1) as { readonly stat: string };
      return { title, namespace, name, pairs: rest.slice(0, -1) as string[], stat };
    }),
);
const own = series.filter(({ name }) => Object.hasOwn(metricMeanings, name)) as ((typeof series)[number] & {
  readonly name: MetricName;
})[];

test('every widget’s metric is one that the functions emit, with those dimensions', () => {
  expect(own.length).toBeGreaterThan(40);
  for (const { namespace, name, pairs } of own) {
    expect(namespace).toBe('Cambio/Test-TokenExchange');
    expect(pairs.filter((_, at) => at % 2 === 0)).toEqual(dimensionsOf(name));
    for (let at = 0; at < pairs.length; at += 2) expect(known[pairs[at] ?? '']?.(pairs[at + 1] ?? '')).toBe(true);
  }
});

test('or one that AWS counts of a function, or that the template counts of the API', () => {
  const others = series.filter((one) => !own.some((each) => each === one));
  const filters = Object.values(resourcesOf(template, 'AWS::Logs::MetricFilter'));
  const counted = JSON.stringify(filters.map(({ Properties: filter }) => filter['MetricTransformations']));
  expect(others.length).toBeGreaterThan(10);
  for (const { namespace, name, pairs } of others) {
    if (namespace === 'AWS/Lambda')
      expect([['Errors', 'Throttles'].includes(name), pairs]).toEqual([true, ['FunctionName', 'x']]);
    else
      expect([pairs, counted.includes(`"MetricName":"${name}","MetricNamespace":"${namespace}"`)]).toEqual([[], true]);
  }
});

/** What a title says of the values below it, by the unit in which they are emitted. */
const saidOf = { Milliseconds: /\bms\b/, Seconds: /, s\b/ } as const;

test('every widget says the unit in which its metrics are emitted, and shows no average of counts', () => {
  const phases: readonly string[] = ['verify', 'policy', 'admit', 'mint', 'record'];
  const unitOf = (name: MetricName) => {
    const [directive] = embeddedMetrics('Cambio/Test', 0, { [name]: 1 })._aws.CloudWatchMetrics;
    return phases.includes(name) ? 'Milliseconds' : directive?.Metrics[0]?.Unit;
  };
  const units = own.map(({ name, title, stat }) => {
    const unit = unitOf(name);
    if (unit) expect(`${name}: ${title}`).toMatch(saidOf[unit]);
    else expect([name, ['Sum', 'SampleCount'].includes(stat)]).toEqual([name, true]);
    return unit;
  });
  expect(new Set(units)).toEqual(new Set(['Milliseconds', 'Seconds', undefined]));
  for (const { properties } of dashboards.flat()) {
    const isTime = Object.values(saidOf).some((unit) => unit.test(properties.title));
    const names = own.flatMap(({ title, name }) => (title === properties.title ? [unitOf(name)] : []));
    if (isTime) expect([properties.title, names.some((unit) => unit)]).toEqual([properties.title, true]);
  }
});

test('every field of a query is in the lines that the functions write', async () => {
  const lines = await linesOf(makeWorld(), ...forms);
  const fields = shown.flatMap(({ query = '' }) => fieldsIn(query));
  expect(fields.length).toBeGreaterThan(10);
  expect(absentFrom(lines, fields)).toEqual([]);
});

test('and every field that a runbook asks the log for', async () => {
  const recordDecision = async () => {
    throw new Refused({ kind: 'unavailable', dependency: 'dynamodb' }, { cause: new Error('down') });
  };
  const lines = [
    ...(await linesOf(makeWorld(), ...forms)),
    ...(await linesOf(makeWorld({ recordDecision }), formBody())),
  ];
  const fields = runbooks.flatMap(({ text }) => fieldsIn([...text.matchAll(/--query-string '([^']+)'/g)].join()));
  expect(fields.length).toBeGreaterThan(30);
  // Of the lines `issuer_keys` and `session_revocation`, and of a client that has authenticated.
  const ofOthers = ['event.issuer', 'event.request.client', 'event.role_arn'];
  expect(absentFrom(lines, fields)).toEqual(ofOthers);
  expect(absentFrom(lines, ['event.no.such'])).toEqual(['event.no.such']);
});

const forms = [
  ...[formBody(), formBody({ scope: 'orders:write' }), formBody({ audience: 'nobody' })],
  formBody({ client_id: 'checkout', client_secret: 'unknown' }),
];

function fieldsIn(query: string): readonly string[] {
  return query.match(/\b(event\.[\w.]+|xray_trace_id|latency|message)\b/g) ?? [];
}

function absentFrom(lines: readonly unknown[], fields: readonly string[]): readonly string[] {
  const valueIn = (line: unknown, path: string): unknown =>
    path.split('.').reduce((value, key) => (value as Record<string, unknown> | undefined)?.[key], line);
  return [...new Set(fields)].filter((field) => !lines.some((line) => valueIn(line, field) !== undefined)).sort();
}

/** What the token function's log has of requests with these forms. */
async function linesOf({ cambio }: World, ...bodies: readonly string[]): Promise<readonly unknown[]> {
  const lines: unknown[] = [];
  const write = createLog({
    name: 'token',
    clock: Date.now,
    traceHeader: () => 'Root=1-5759e988-bd862e3fe1be46a994272793',
    namespace: 'Cambio/Test',
    print: (line) => void lines.push(JSON.parse(line)),
  });
  const handler = tokenEndpoint(cambio, { write, newId: randomUUID, clock: Date.now });
  for (const body of bodies) {
    const event = {
      body,
      multiValueHeaders: { 'Content-Type': ['application/x-www-form-urlencoded'] },
      isBase64Encoded: false,
      requestContext: { requestId: 'request', identity: { sourceIp: '192.0.2.1' } },
      queryStringParameters: null,
    };
    await handler(event as unknown as APIGatewayProxyEvent as never, {} as Context);
  }
  return lines;
}

test('there are three, named by their Region too, and none where they are turned off', () => {
  const made = Object.values(resourcesOf(template, 'AWS::CloudWatch::Dashboard'));
  // The account has one of a name, in whatever Region.
  expect(made.map(({ Properties }) => Properties['DashboardName'])).toEqual(
    ['executive', 'on-call', 'debug'].map((name) => ({
      'Fn::Join': ['', [`Test-TokenExchange-${name}-`, { Ref: 'AWS::Region' }]],
    })),
  );
  expect(resourcesOf(templateOf({ dashboards: false }), 'AWS::CloudWatch::Dashboard')).toEqual({});
});
