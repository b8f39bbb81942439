// What a stack measures: embedded metrics of log lines, metric filters, and what Lambda and API Gateway publish themselves.
import { describe, expect, it } from 'vitest';
import { createCollector } from '../../../../infra/local/metrics/collector.ts';
import { embeddedDatapoints } from '../../../../infra/local/metrics/embedded-metrics.ts';
import { parseFilterPattern } from '../../../../infra/local/metrics/filter-pattern.ts';
import { apiDatapoints, lambdaDatapoints } from '../../../../infra/local/metrics/service-metrics.ts';
import { definition } from '../lambda/function-world.ts';

const timestamp = 1_795_747_030_000;
const directive = { Namespace: 'N', Dimensions: [['service']], Metrics: [{ Name: 'latency', Unit: 'Milliseconds' }] };

function line(directives: readonly object[], values: object = {}): string {
  const root = { service: 'token', latency: 12, _aws: { Timestamp: timestamp, CloudWatchMetrics: directives } };
  return JSON.stringify({ ...root, ...values });
}

describe('a line of the embedded metric format', () => {
  it('has a datapoint for each metric, value and set of dimensions', () => {
    const about = { namespace: 'N', name: 'latency', unit: 'Milliseconds', timestamp };
    expect(embeddedDatapoints(line([directive]))).toEqual([{ ...about, dimensions: { service: 'token' }, value: 12 }]);
    const twice = { ...directive, Dimensions: [['service'], []] };
    expect(embeddedDatapoints(line([twice], { latency: [1, 2] }))).toEqual([
      { ...about, dimensions: { service: 'token' }, value: 1 },
      { ...about, dimensions: { service: 'token' }, value: 2 },
      { ...about, dimensions: {}, value: 1 },
      { ...about, dimensions: {}, value: 2 },
    ]);
    const bare = { ...directive, Metrics: [{ Name: 'latency' }, { Name: 'absent' }] };
    expect(embeddedDatapoints(line([bare])).map(({ name, unit }) => [name, unit])).toEqual([['latency', 'None']]);
  });

  it.each<[string, readonly object[], object]>([
    ['a unit of its own', [{ ...directive, Metrics: [{ Name: 'latency', Unit: 'ms' }] }], {}],
    ['a value that is no number', [directive], { latency: '12' }],
    ['a dimension that the line does not have', [{ ...directive, Dimensions: [['service', 'class']] }], {}],
    ['a dimension that is no string', [directive], { service: 7 }],
    ['no dimensions at all', [{ ...directive, Dimensions: [] }], {}],
    ['a time in seconds as text', [directive], { _aws: { Timestamp: '2026', CloudWatchMetrics: [directive] } }],
  ])('is not taken with %s', (_what, directives, values) => {
    expect(() => embeddedDatapoints(line(directives, values))).toThrow('CloudWatch would not take the metrics');
    expect(embeddedDatapoints(line([directive]))).toHaveLength(1);
  });

  it('is no other line', () => {
    expect(embeddedDatapoints('START RequestId "_aws"')).toEqual([]);
    expect(embeddedDatapoints('{"message":"\\"_aws\\""}')).toEqual([]);
  });
});

describe('a filter pattern', () => {
  const failed = '{ ($.version = "2") && (($.event.error = "server_error") || ($.event.error = "temporarily_*")) }';
  it.each<[string, object, boolean]>([
    [failed, { version: '2', event: { error: 'server_error' } }, true],
    [failed, { version: '2', event: { error: 'temporarily_unavailable' } }, true],
    [failed, { version: '2', event: { error: 'invalid_request' } }, false],
    [failed, { version: '1', event: { error: 'server_error' } }, false],
    [failed, { version: '2' }, false],
    ['{ $.ms > 200 }', { ms: 201 }, true],
    ['{ $.ms > 200 }', { ms: 200 }, false],
    ['{ $.kind != "a" }', { kind: 'b' }, true],
    ['{ $.kind != "a" }', {}, false],
    ['{ $.on = true }', { on: true }, true],
  ])('%s of %o is %s', (pattern, value, is) => {
    expect(parseFilterPattern(pattern)(value)).toBe(is);
  });

  it('that is not known stops the start', () => {
    for (const pattern of ['ERROR', '{ $.a IS NULL }', '{ $.a = "b" } extra', '{ ($.a = "b" }', '[a, b]']) {
      expect(() => parseFilterPattern(pattern)).toThrow('does not know the filter pattern');
    }
  });
});

describe('a metric filter of the template', () => {
  const transformation = { MetricNamespace: 'N', MetricName: 'slow', MetricValue: '$.ms', Unit: 'Milliseconds' };
  const collect = (more: object) => {
    const template = {
      Resources: {
        Probe: { Type: 'AWS::Lambda::Function', Properties: { LoggingConfig: { LogGroup: 'group' } } },
        Other: { Type: 'AWS::Lambda::Function', Properties: { LoggingConfig: { LogGroup: 'other' } } },
        Filter: {
          Type: 'AWS::Logs::MetricFilter',
          Properties: {
            FilterPattern: '{ $.ms > 200 }',
            LogGroupName: 'group',
            MetricTransformations: [{ ...transformation, ...more }],
          },
        },
      },
    };
    return createCollector({ template, resolve: (value) => value });
  };

  it('counts the lines of its log group that it matches', () => {
    const { onLine, datapoints } = collect({ Dimensions: [{ Key: 'who', Value: '$.event.who' }] });
    onLine({ function: 'Probe', line: '{"ms":300,"event":{"who":"a"}}' });
    onLine({ function: 'Probe', line: '{"ms":100,"event":{"who":"a"}}' });
    onLine({ function: 'Probe', line: '{"ms":300}' });
    onLine({ function: 'Other', line: '{"ms":300,"event":{"who":"a"}}' });
    expect(datapoints()).toMatchObject([
      { namespace: 'N', name: 'slow', dimensions: { who: 'a' }, unit: 'Milliseconds', value: 300 },
    ]);
  });

  it('stops the start with what is not run', () => {
    expect(() => collect({ DefaultValue: 0 })).toThrow('does not run DefaultValue');
    expect(() => collect({})).not.toThrow();
  });
});

describe('a service', () => {
  const names = (datapoints: readonly { readonly dimensions: object }[]) => [
    ...new Set(datapoints.map(({ dimensions }) => Object.keys(dimensions).join())),
  ];

  it('publishes of a call what its alias and version did, and of a stream how late it is', () => {
    const invocation = {
      definition: definition('probe'),
      qualifier: 'live',
      version: '2',
      at: timestamp,
      durationMs: 7,
      concurrent: 3,
      isError: true,
    };
    const points = lambdaDatapoints(invocation);
    expect(names(points)).toEqual(['FunctionName', 'FunctionName,Resource', 'FunctionName,Resource,ExecutedVersion']);
    const last = points.filter(({ dimensions }) => dimensions['ExecutedVersion'] === '2');
    expect(last[0]?.dimensions).toEqual({ FunctionName: 'probe', Resource: 'probe:live', ExecutedVersion: '2' });
    expect(Object.fromEntries(last.map(({ name, value }) => [name, value]))).toEqual({
      Invocations: 1,
      Errors: 1,
      Throttles: 0,
      Duration: 7,
      ConcurrentExecutions: 3,
    });
    const ofStream = lambdaDatapoints({ ...invocation, qualifier: undefined, iteratorAgeMs: 50 });
    expect([names(ofStream), ofStream.at(-1)]).toEqual([
      ['FunctionName'],
      expect.objectContaining({ name: 'IteratorAge' }),
    ]);
  });

  it('publishes of a request its status and its time, of a method where the stage does so', () => {
    const request = {
      apiName: 'Api',
      stage: 'prod',
      method: 'POST',
      resourcePath: '/token',
      status: 503,
      at: timestamp,
      latencyMs: 20,
      integrationMs: 15,
      isDetailed: true,
    };
    const points = apiDatapoints(request);
    expect(names(points)).toEqual(['ApiName', 'ApiName,Stage', 'ApiName,Stage,Method,Resource']);
    const values = points.filter(({ dimensions }) => dimensions['Method'] === 'POST');
    expect(values.map(({ name, value, unit }) => [name, value, unit])).toEqual([
      ['Count', 1, 'Count'],
      ['4XXError', 0, 'Count'],
      ['5XXError', 1, 'Count'],
      ['Latency', 20, 'Milliseconds'],
      ['IntegrationLatency', 15, 'Milliseconds'],
    ]);
    const plain = apiDatapoints({ ...request, isDetailed: false, integrationMs: undefined });
    expect([names(plain), plain.some(({ name }) => name === 'IntegrationLatency')]).toEqual([
      ['ApiName', 'ApiName,Stage'],
      false,
    ]);
  });
});
