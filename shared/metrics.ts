// The metrics of the functions, named once: functions emit them in their log lines, infra watches them. Pure.

/** What each metric is counted by beside the function: nothing, the class of an error, or the dependency that failed. */
const dimensionSets = {
  service: ['service'],
  class: ['service', 'class'],
  dependency: ['service', 'dependency'],
} as const;

/** Every metric with its CloudWatch unit, which costs bytes of every line: where it is left out, CloudWatch says `None`. */
export const metricCatalogue = {
  /** Requests that ended as their caller may expect: tokens and sessions issued, introspections and revocations answered. */
  success: { by: 'service' },
  /** Requests that were refused or failed. */
  errors: { by: 'class' },
  /** Milliseconds from the event to the answer. */
  latency: { by: 'service', unit: 'Milliseconds' },
  /** Milliseconds of an exchange: its tokens are verified. */
  verify: { by: 'service' },
  /** … the policy is evaluated. */
  policy: { by: 'service' },
  /** … revocations, suspensions and single use are asked of the table. */
  admit: { by: 'service' },
  /** … the token is signed, or the session made. */
  mint: { by: 'service' },
  /** … the decision is written. */
  record: { by: 'service' },
  /** Tokens whose signature is wrong. */
  signature: { by: 'service' },
  /** Tokens that were used before. */
  replayed: { by: 'service' },
  /** First lines of an execution environment. */
  cold_starts: { by: 'service' },
  /** Calls of something else that failed, after all tries. */
  dependency_errors: { by: 'dependency' },
  /** From a revocation to where it holds. */
  revocation_latency: { by: 'service', unit: 'Seconds' },
  /** From a decision to its place in the audit trail. */
  audit_lag: { by: 'service', unit: 'Seconds' },
  /** Decisions that the audit trail lacked. */
  audit_missing: { by: 'service' },
  /** Of the oldest key that signs. */
  key_age: { by: 'service', unit: 'Seconds' },
  /** Of the oldest suspension that nobody ended. */
  suspension_age: { by: 'service', unit: 'Seconds' },
} as const satisfies Readonly<Record<string, MetricDefinition>>;

interface MetricDefinition {
  readonly by: keyof typeof dimensionSets;
  readonly unit?: 'Milliseconds' | 'Seconds';
}

export type MetricName = keyof typeof metricCatalogue;

/** Of an error: ours (`fault`), too many requests, the form, the client, a token, or what policy or STS says of the target. */
export const errorClasses = ['fault', 'throttled', 'input', 'client', 'token', 'policy'] as const;

export type ErrorClass = (typeof errorClasses)[number];

/** What one line measures. The values of `class` and `dependency` are few: each is a series, and a series costs. */
export type Measured = Readonly<Partial<Record<MetricName, number>>> & {
  readonly class?: ErrorClass;
  readonly dependency?: string;
};

/** The names of a metric's dimensions, as CloudWatch has them. */
export function dimensionsOf(name: MetricName): readonly string[] {
  return dimensionSets[metricCatalogue[name].by];
}

/**
 * The members that make a log line a document of CloudWatch's embedded metric format: the values, and in `_aws` what they are.
 * @param timestamp milliseconds since the epoch
 * @see [the specification](https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html)
 */
export function embeddedMetrics(namespace: string, timestamp: number, measured: Measured) {
  const names = (Object.keys(measured) as (keyof Measured)[]).filter(
    (key): key is MetricName => key in metricCatalogue,
  );
  const directives = Object.keys(dimensionSets).flatMap((by) => {
    const counted = names.filter((name) => metricCatalogue[name].by === by);
    if (counted.length === 0) return [];
    const [first] = counted as [MetricName, ...MetricName[]];
    return { Namespace: namespace, Dimensions: [dimensionsOf(first)], Metrics: counted.map(definitionOf) };
  });
  return { ...measured, _aws: { Timestamp: timestamp, CloudWatchMetrics: directives } };
}

function definitionOf(name: MetricName) {
  const metric: MetricDefinition = metricCatalogue[name];
  return metric.unit ? { Name: name, Unit: metric.unit } : { Name: name };
}
