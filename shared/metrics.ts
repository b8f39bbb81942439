// The metrics of the functions, named once: functions emit them in their log lines, infra watches them. Pure.

/** What metrics are counted by: the function; of some, also the class of an error or the dependency that failed. */
const dimensionSets = {
  service: ['service'],
  class: ['service', 'class'],
  dependency: ['service', 'dependency'],
} as const;

/** Every metric with its CloudWatch unit, which costs bytes of every line: where it is left out, CloudWatch says `None`. */
export const metricCatalogue = {
  /** Requests that ended as their caller may expect: tokens and sessions issued, introspections and revocations answered. */
  success: {},
  /** Requests that were refused or failed. */
  errors: { by: 'class' },
  /** Milliseconds from the event to the answer. */
  latency: { unit: 'Milliseconds' },
  /** Milliseconds of an exchange: its tokens are verified. */
  verify: {},
  /** … the policy is evaluated. */
  policy: {},
  /** … revocations, suspensions and single use are asked of the table. */
  admit: {},
  /** … the token is signed, or the session made. */
  mint: {},
  /** … the decision is written. */
  record: {},
  /** Tokens whose signature is wrong. */
  signature: {},
  /** Tokens that were used before. */
  replayed: {},
  /** First lines of an execution environment. */
  cold_starts: {},
  /** Calls of something else that failed, after all tries. */
  dependency_errors: { by: 'dependency' },
  /** From a revocation to where it holds. */
  revocation_latency: { unit: 'Seconds' },
  /** From a decision to its place in the audit trail. */
  audit_lag: { unit: 'Seconds' },
  /** Decisions that the audit trail lacked. */
  audit_missing: {},
  /** Of the oldest key that signs. */
  key_age: { unit: 'Seconds' },
  /** Of the oldest suspension that nobody ended. */
  suspension_age: { unit: 'Seconds' },
} as const satisfies Readonly<Record<string, MetricDefinition>>;

interface MetricDefinition {
  /** The function alone, without it. */
  readonly by?: 'class' | 'dependency';
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
  return dimensionSets[setOf(name)];
}

/**
 * The members that make a log line a document of CloudWatch's embedded metric format: the values, and in `_aws` what they are.
 * @param timestamp milliseconds since the epoch
 * @see [the specification](https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html)
 */
export function embeddedMetrics(namespace: string, timestamp: number, measured: Measured) {
  const names = Object.keys(measured).filter((key): key is MetricName => key in metricCatalogue);
  const directives = Object.entries(dimensionSets).flatMap(([set, dimensions]) => {
    const metrics = names.filter((name) => setOf(name) === set).map((name) => ({ Name: name, Unit: unitOf(name) }));
    return metrics.length > 0 ? [{ Namespace: namespace, Dimensions: [dimensions], Metrics: metrics }] : [];
  });
  return { ...measured, _aws: { Timestamp: timestamp, CloudWatchMetrics: directives } };
}

/** Left out of the line where it is CloudWatch's `None`. */
export function unitOf(name: MetricName): MetricDefinition['unit'] {
  return (metricCatalogue as Readonly<Record<string, MetricDefinition>>)[name]?.unit;
}

function setOf(name: MetricName): keyof typeof dimensionSets {
  return (metricCatalogue as Readonly<Record<string, MetricDefinition>>)[name]?.by ?? 'service';
}
