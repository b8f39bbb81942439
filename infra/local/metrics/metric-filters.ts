// Metric filters of the template: datapoints for lines that match a pattern. Pure.

import {
  asArray,
  asObject,
  asString,
  asStringMap,
  resourcesOfType,
  type StackTemplate,
  TemplateError,
} from '../template/stack-template.ts';
import type { Datapoint } from './datapoint.ts';
import { type MatchesLine, parseFilterPattern, selected } from './filter-pattern.ts';

export interface MetricFilter {
  readonly logGroup: string;
  readonly matches: MatchesLine;
  readonly namespace: string;
  readonly name: string;
  readonly unit: string;
  /** A number, or a selector such as `$.latency`. */
  readonly value: string;
  /** Names to selectors. */
  readonly dimensions: Readonly<Record<string, string>>;
}

/** @throws TemplateError for one the local stack does not run */
export function metricFiltersOf(
  template: StackTemplate,
  resolve: (value: unknown) => unknown,
): readonly MetricFilter[] {
  return resourcesOfType(template, 'AWS::Logs::MetricFilter').flatMap(([id, { Properties }]) => {
    const properties = asObject(resolve(Properties), id);
    const matches = parseFilterPattern(asString(properties.FilterPattern, `${id}.FilterPattern`));
    const logGroup = asString(properties.LogGroupName, `${id}.LogGroupName`);
    return asArray(properties.MetricTransformations, id).map((item) => {
      const transformation = asObject(item, `${id}.MetricTransformations`);
      if (transformation.DefaultValue !== undefined) {
        throw new TemplateError(`${id}: the local stack does not run DefaultValue`);
      }
      const dimensions = asArray(transformation.Dimensions, `${id}.Dimensions`).map((dimension) => {
        const { Key, Value } = asObject(dimension, `${id}.Dimensions`);
        return [asString(Key, `${id}.Dimensions`), asString(Value, `${id}.Dimensions`)] as const;
      });
      return {
        logGroup,
        matches,
        namespace: asString(transformation.MetricNamespace, `${id}.MetricNamespace`),
        name: asString(transformation.MetricName, `${id}.MetricName`),
        unit: asString(transformation.Unit ?? 'None', `${id}.Unit`),
        value: asString(transformation.MetricValue, `${id}.MetricValue`),
        dimensions: asStringMap(Object.fromEntries(dimensions), `${id}.Dimensions`),
      };
    });
  });
}

/** @param line of the filter's log group, parsed @param timestamp milliseconds */
export function filteredDatapoint(filter: MetricFilter, line: unknown, timestamp: number): Datapoint | undefined {
  if (!filter.matches(line)) return undefined;
  const { namespace, name, unit } = filter;
  const value = Number(filter.value.startsWith('$') ? find(line, filter.value) : filter.value);
  const dimensions = Object.entries(filter.dimensions).map(([key, selector]) => [key, find(line, selector)] as const);
  // CloudWatch takes nothing of a line that lacks one of them.
  if (Number.isNaN(value) || dimensions.some(([, found]) => found === undefined)) return undefined;
  return {
    namespace,
    name,
    unit,
    value,
    timestamp,
    dimensions: Object.fromEntries(dimensions.map(([key, found]) => [key, String(found)])),
  };
}

function find(line: unknown, selector: string): unknown {
  return selected(line, selector.replace(/^\$\./, '').split('.'));
}
