// The dashboards show nothing that is not there: every metric by its name and dimensions, every field of the log.
import { expect, test } from 'vitest';
import { dashboardWidgets } from '../../../infra/dashboards/widgets.ts';
import { dependencies, dimensionsOf, errorClasses, type MetricName, metricMeanings } from '../../../shared/metrics.ts';
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

test('every field of a query is in the lines', () => {
  const fields = shown.flatMap(
    ({ query = '' }) => query.match(/\b(event\.[\w.]+|xray_trace_id|latency|message)\b/g) ?? [],
  );
  const there = [
    ...['message', 'latency', 'xray_trace_id', 'event.decision_id', 'event.outcome', 'event.reason', 'event.rule'],
    ...['event.subject.issuer', 'event.rules.0.conditions.0.name', 'event.rules.0.conditions.0.hint'],
  ];
  expect([...new Set(fields)].sort()).toEqual(there.sort());
});

test('there are three, and none where they are turned off', () => {
  expect(Object.keys(resourcesOf(templateOf(), 'AWS::CloudWatch::Dashboard'))).toHaveLength(3);
  expect(resourcesOf(templateOf({ dashboards: false }), 'AWS::CloudWatch::Dashboard')).toEqual({});
});
