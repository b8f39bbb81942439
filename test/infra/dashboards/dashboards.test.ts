// The dashboards show nothing that is not there: every metric by its name and dimensions, every field of the log.
import { randomUUID } from 'node:crypto';
import type { APIGatewayProxyEvent, Context } from 'aws-lambda';
import { expect, test } from 'vitest';
import { dashboardWidgets } from '../../../infra/dashboards/widgets.ts';
import { tokenEndpoint } from '../../../shared/http/endpoints/token.ts';
import { createLog } from '../../../shared/http/log.ts';
import { dependencies, dimensionsOf, errorClasses, type MetricName, metricMeanings } from '../../../shared/metrics.ts';
import { formBody, makeWorld } from '../../world.ts';
import { resourcesOf, templateOf } from '../synthesized.ts';

const names = { namespace: 'Cambio/Test', region: 'eu-west-1', logGroups: ['tokens', 'introspections'] };
interface Properties {
  readonly metrics?: readonly (readonly unknown[])[];
  readonly query?: string;
}
const shown = Object.values(dashboardWidgets(names))
  .flat()
  .map(({ properties }) => properties as Properties);

const services = /^cambio-(token|introspect|revoke|probe|trail-writer|trail-sweep)$/;
const known: Readonly<Record<string, (value: string) => boolean>> = {
  service: (value) => services.test(value),
  class: (value) => (errorClasses as readonly string[]).includes(value),
  dependency: (value) => (dependencies as readonly string[]).includes(value),
};

test('every widget’s metric is one that the functions emit, with those dimensions', () => {
  const series = shown.flatMap(({ metrics = [] }) => metrics.filter(([first]) => typeof first === 'string'));
  expect(series.length).toBeGreaterThan(40);
  for (const [namespace, name, ...rest] of series as [string, MetricName, ...unknown[]][]) {
    const pairs = rest.slice(0, -1) as string[];
    expect(namespace).toBe('Cambio/Test');
    expect(Object.keys(metricMeanings)).toContain(name);
    expect(pairs.filter((_, at) => at % 2 === 0)).toEqual(dimensionsOf(name));
    for (let at = 0; at < pairs.length; at += 2) expect(known[pairs[at] ?? '']?.(pairs[at + 1] ?? '')).toBe(true);
  }
});

test('every field of a query is in the lines that the functions write', async () => {
  const lines = await linesOf(formBody(), formBody({ scope: 'orders:write' }), formBody({ audience: 'nobody' }));
  const fields = shown.flatMap(
    ({ query = '' }) => query.match(/\b(event\.[\w.]+|xray_trace_id|latency|message)\b/g) ?? [],
  );
  expect(fields.length).toBeGreaterThan(10);
  const valueIn = (line: unknown, path: string): unknown =>
    path.split('.').reduce((value, key) => (value as Record<string, unknown> | undefined)?.[key], line);
  const absent = [...new Set(fields)].filter((field) => !lines.some((line) => valueIn(line, field) !== undefined));
  expect(absent).toEqual([]);
});

/** What the token function's log has of requests with these forms. */
async function linesOf(...forms: readonly string[]): Promise<readonly unknown[]> {
  const lines: unknown[] = [];
  const write = createLog({
    name: 'token',
    clock: Date.now,
    traceHeader: () => 'Root=1-5759e988-bd862e3fe1be46a994272793',
    namespace: 'Cambio/Test',
    print: (line) => void lines.push(JSON.parse(line)),
  });
  const handler = tokenEndpoint(makeWorld().cambio, { write, newId: randomUUID, clock: Date.now });
  for (const body of forms) {
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

test('there are three, and none where they are turned off', () => {
  expect(Object.keys(resourcesOf(templateOf(), 'AWS::CloudWatch::Dashboard'))).toHaveLength(3);
  expect(resourcesOf(templateOf({ dashboards: false }), 'AWS::CloudWatch::Dashboard')).toEqual({});
});
