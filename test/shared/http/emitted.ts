// Reads log lines as CloudWatch reads its embedded metric format: strictly, each value a datapoint of each of its series.

export interface Datapoint {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly unit: string;
  readonly value: number;
  /** Milliseconds since the epoch. */
  readonly timestamp: number;
}

interface Directive {
  readonly Namespace: string;
  readonly Dimensions: readonly (readonly string[])[];
  readonly Metrics: readonly { readonly Name: string; readonly Unit?: string }[];
}

const units = ['Milliseconds', 'Seconds', 'Count', 'None'];

/** @throws Error for what CloudWatch would take no metric from */
export function datapointsIn(line: string): readonly Datapoint[] {
  const document = JSON.parse(line) as Readonly<Record<string, unknown>>;
  const metadata = document['_aws'] as { Timestamp: number; CloudWatchMetrics: readonly Directive[] } | undefined;
  if (!metadata) return [];
  const { Timestamp: timestamp, CloudWatchMetrics: directives, ...more } = metadata;
  if (!Number.isInteger(timestamp) || Object.keys(more).length > 0) throw new Error('_aws is malformed');
  return directives.flatMap(({ Namespace: namespace, Dimensions: sets, Metrics: metrics, ...others }) => {
    if (!namespace || sets.length === 0 || Object.keys(others).length > 0) throw new Error('a directive is malformed');
    return sets.flatMap((set) => {
      const dimensions = Object.fromEntries(set.map((name) => [name, textOf(document[name], name)]));
      return metrics.map(({ Name: name, Unit: unit = 'None' }) => {
        const value = document[name];
        if (typeof value !== 'number' || !Number.isFinite(value) || !units.includes(unit)) {
          throw new Error(`${name} is no number in a unit there is`);
        }
        return { namespace, name, dimensions, unit, value, timestamp };
      });
    });
  });
}

/** A metric's identity in CloudWatch: each costs by the month. */
export function seriesOf({ namespace, name, dimensions }: Datapoint): string {
  return JSON.stringify([namespace, name, Object.entries(dimensions).sort()]);
}

function textOf(value: unknown, name: string): string {
  if (typeof value !== 'string' || value === '' || value.length > 1_024)
    throw new Error(`dimension ${name} is no text`);
  return value;
}
