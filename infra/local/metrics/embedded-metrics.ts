// The metrics in a log line, by CloudWatch's embedded metric format. Pure.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html

import { asArray, asObject, asString, isObject, type Properties } from '../template/stack-template.ts';
import type { Datapoint } from './datapoint.ts';

const units: ReadonlySet<unknown> = new Set([
  ...['Seconds', 'Microseconds', 'Milliseconds', 'Percent', 'Count', 'None', 'Count/Second'],
  ...['', 'Kilo', 'Mega', 'Giga', 'Tera'].flatMap((size) =>
    ['Bytes', 'Bits', 'Bytes/Second', 'Bits/Second'].map((unit) =>
      size === '' ? unit : `${size}${unit.toLowerCase().replace('second', 'Second')}`,
    ),
  ),
]);
const maxMetrics = 100;
const maxDimensions = 30;
const maxValues = 100;
const maxNameLength = 1024;

/** None for a line that is no document of the format. @throws Error for one that CloudWatch would not take */
export function embeddedDatapoints(line: string): readonly Datapoint[] {
  if (!line.includes('"_aws"')) return [];
  const root = parseObject(line);
  if (!root || root._aws === undefined) return [];
  const { Timestamp, CloudWatchMetrics } = asObject(root._aws, '_aws');
  if (!Number.isSafeInteger(Timestamp)) throw malformed('Timestamp', line);
  return asArray(CloudWatchMetrics, 'CloudWatchMetrics').flatMap((directive) =>
    directiveDatapoints(asObject(directive, 'CloudWatchMetrics'), { root, line, timestamp: Number(Timestamp) }),
  );
}

interface Document {
  readonly root: Properties;
  readonly line: string;
  readonly timestamp: number;
}

function directiveDatapoints(directive: Properties, document: Document): readonly Datapoint[] {
  const { root, line, timestamp } = document;
  const namespace = asString(directive.Namespace, 'Namespace');
  const sets = asArray(directive.Dimensions, 'Dimensions').map((set) =>
    dimensionsOf(asArray(set, 'Dimensions'), document),
  );
  const metrics = asArray(directive.Metrics, 'Metrics');
  if (sets.length === 0 || metrics.length > maxMetrics) throw malformed('directive', line);
  return metrics.flatMap((metric) => {
    const { Name, Unit = 'None', StorageResolution = 60 } = asObject(metric, 'Metrics');
    const name = asString(Name, 'Metrics.Name');
    if (!units.has(Unit) || (StorageResolution !== 60 && StorageResolution !== 1)) throw malformed(name, line);
    if (name.length === 0 || name.length > maxNameLength || name === '_aws') throw malformed(name, line);
    const values = valuesOf(root[name], name, line);
    return sets.flatMap((dimensions) =>
      values.map((value) => ({ namespace, name, dimensions, unit: String(Unit), value, timestamp })),
    );
  });
}

function dimensionsOf(names: readonly unknown[], { root, line }: Document): Readonly<Record<string, string>> {
  if (names.length > maxDimensions) throw malformed('Dimensions', line);
  const entries = names.map((item) => {
    const name = asString(item, 'Dimensions');
    const value = root[name];
    if (typeof value !== 'string' || value === '' || value.length > maxNameLength) throw malformed(name, line);
    return [name, value] as const;
  });
  return Object.fromEntries(entries);
}

/** A metric that the line does not have is no metric. */
function valuesOf(value: unknown, name: string, line: string): readonly number[] {
  if (value === undefined) return [];
  const values = [value].flat();
  if (values.length > maxValues || !values.every((one) => Number.isFinite(one))) throw malformed(name, line);
  return values as number[];
}

function malformed(what: string, line: string): Error {
  return new Error(`CloudWatch would not take the metrics of this line (${what}): ${line}`);
}

function parseObject(line: string): Properties | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
