// The metrics that API Gateway and Lambda publish by themselves, as far as they can be known here. Pure.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-metrics-and-dimensions.html
// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html

import type { Invocation } from '../lambda/running-functions.ts';
import type { Datapoint } from './datapoint.ts';

/** A request that the API has answered. */
export interface AnsweredRequest {
  readonly apiName: string;
  readonly stage: string;
  readonly method: string;
  /** Of the resource that matched; undefined where none did. */
  readonly resourcePath: string | undefined;
  readonly status: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly latencyMs: number;
  /** Undefined where no integration was called. */
  readonly integrationMs: number | undefined;
  /** Whether the stage publishes metrics of single methods. */
  readonly isDetailed: boolean;
}

export function apiDatapoints(request: AnsweredRequest): readonly Datapoint[] {
  const { apiName: ApiName, stage: Stage, status, at, latencyMs, integrationMs } = request;
  const { method: Method, resourcePath: Resource, isDetailed } = request;
  const values: readonly Value[] = [
    ['Count', 1, 'Count'],
    ['4XXError', Number(status >= 400 && status < 500), 'Count'],
    ['5XXError', Number(status >= 500), 'Count'],
    ['Latency', latencyMs, 'Milliseconds'],
    ...(integrationMs === undefined ? [] : [['IntegrationLatency', integrationMs, 'Milliseconds'] as const]),
  ];
  const sets = [
    { ApiName },
    { ApiName, Stage },
    ...(isDetailed && Resource !== undefined ? [{ ApiName, Stage, Method, Resource }] : []),
  ];
  return spread({ namespace: 'AWS/ApiGateway', timestamp: at, values, sets });
}

export function lambdaDatapoints(invocation: Invocation): readonly Datapoint[] {
  const { definition, qualifier, version, at, durationMs, concurrent, isError, iteratorAgeMs } = invocation;
  const { name: FunctionName } = definition;
  const values: readonly Value[] = [
    ['Invocations', 1, 'Count'],
    ['Errors', Number(isError), 'Count'],
    // What is too much at a time waits here.
    ['Throttles', 0, 'Count'],
    ['Duration', durationMs, 'Milliseconds'],
    ['ConcurrentExecutions', concurrent, 'Count'],
    ...(iteratorAgeMs === undefined ? [] : [['IteratorAge', iteratorAgeMs, 'Milliseconds'] as const]),
  ];
  const Resource = `${FunctionName}:${qualifier}`;
  const sets = [
    { FunctionName },
    ...(qualifier === undefined ? [] : [{ FunctionName, Resource }]),
    ...(qualifier === undefined || qualifier === version ? [] : [{ FunctionName, Resource, ExecutedVersion: version }]),
  ];
  return spread({ namespace: 'AWS/Lambda', timestamp: at, values, sets });
}

type Value = readonly [name: string, value: number, unit: string];

interface Measured extends Pick<Datapoint, 'namespace' | 'timestamp'> {
  readonly values: readonly Value[];
  readonly sets: readonly Readonly<Record<string, string>>[];
}

function spread({ namespace, timestamp, values, sets }: Measured): readonly Datapoint[] {
  return sets.flatMap((dimensions) =>
    values.map(([name, value, unit]) => ({ namespace, name, dimensions, unit, value, timestamp })),
  );
}
