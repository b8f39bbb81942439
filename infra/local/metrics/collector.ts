// Everything a running stack has measured, as CloudWatch would have it: nothing is computed before somebody asks. Pure.

import type { LogLine } from '../lambda/function.ts';
import type { Invocation } from '../lambda/running-functions.ts';
import { asObject, asString, resourcesOfType, type StackTemplate } from '../template/stack-template.ts';
import type { Datapoint } from './datapoint.ts';
import { embeddedDatapoints } from './embedded-metrics.ts';
import { filteredDatapoint, type MetricFilter, metricFiltersOf } from './metric-filters.ts';
import { type AnsweredRequest, apiDatapoints, lambdaDatapoints } from './service-metrics.ts';

export interface CollectorOptions {
  readonly template: StackTemplate;
  readonly resolve: (value: unknown) => unknown;
}

export interface Collector {
  readonly onLine: (line: LogLine) => void;
  readonly onInvocation: (invocation: Invocation) => void;
  readonly onAnswer: (request: AnsweredRequest) => void;
  /** In the order of their times. @throws Error for a line whose metrics CloudWatch would not take */
  readonly datapoints: () => readonly Datapoint[];
}

interface TimedLine extends LogLine {
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** @throws TemplateError for a metric filter the local stack does not run */
export function createCollector({ template, resolve }: CollectorOptions): Collector {
  const filters = filtersByFunction(template, resolve);
  const lines: TimedLine[] = [];
  const invocations: Invocation[] = [];
  const requests: AnsweredRequest[] = [];
  return {
    onLine: (line) => append(lines, { ...line, at: Date.now() }),
    onInvocation: (invocation) => append(invocations, invocation),
    onAnswer: (request) => append(requests, request),
    datapoints: () =>
      [
        ...lines.flatMap(({ line }) => embeddedDatapoints(line)),
        ...lines.flatMap((line) => filtered(filters.get(line.function) ?? [], line)),
        ...invocations.flatMap(lambdaDatapoints),
        ...requests.flatMap(apiDatapoints),
      ].sort((one, other) => one.timestamp - other.timestamp),
  };
}

// A stack may run for days: the oldest make room.
function append<Item>(list: Item[], item: Item): void {
  list.push(item);
  if (list.length > 100_000) list.splice(0, 10_000);
}

/** Metric filters by the logical id of the function that writes into their log group. */
function filtersByFunction(
  template: StackTemplate,
  resolve: (value: unknown) => unknown,
): ReadonlyMap<string, readonly MetricFilter[]> {
  const filters = metricFiltersOf(template, resolve);
  const entries = resourcesOfType(template, 'AWS::Lambda::Function').map(([id, { Properties }]) => {
    const { LogGroup } = asObject(resolve(Properties?.LoggingConfig), id);
    const group = LogGroup === undefined ? undefined : asString(LogGroup, `${id}.LoggingConfig`);
    return [id, filters.filter(({ logGroup }) => logGroup === group)] as const;
  });
  return new Map(entries);
}

function filtered(filters: readonly MetricFilter[], { line, at }: TimedLine): readonly Datapoint[] {
  if (filters.length === 0 || !line.startsWith('{')) return [];
  const parsed = parseJson(line);
  return filters.flatMap((filter) => filteredDatapoint(filter, parsed, at) ?? []);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
