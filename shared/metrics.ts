// The metrics of the functions, named once: functions emit them in their log lines, infra watches them. Pure.

/** Every metric, and what it says. */
export const metricMeanings = {
  success: '1 for a request that ended as its caller may expect, 0 for a fault of ours; refusals are neither',
  errors: 'requests that were refused or failed, by class',
  latency: 'from the event to the answer',
  verify: 'of an exchange, milliseconds: its tokens are verified',
  policy: 'likewise: the policy is evaluated',
  admit: 'likewise: revocations, suspensions and single use are asked of the table',
  mint: 'likewise: the token is signed, or the session made',
  record: 'likewise: the decision is written',
  signature: 'tokens whose signature is wrong',
  replayed: 'tokens that were used before',
  binding: 'bound tokens presented without their key',
  cold_starts: 'first requests of an execution environment',
  dependency_errors: 'calls of something else that failed after all tries, by dependency',
  revocation_latency: 'from a revocation to where it holds',
  probe_failures: 'checks of the probe that failed',
  audit_lag: 'from a decision to its place in the audit trail',
  audit_missing: 'decisions that the audit trail lacked',
  audit_findings: 'changes that nothing of Cambio makes, of the table or of the audit trail',
  key_age: 'of the oldest key that signs',
  rotation_lag: 'for how long a step in the life of the signing keys has been due',
  foreign_signature: 'signatures by others with a key of the keyring',
  keyring_refused: 'times that the keyring item was not used, because it does not verify',
  tenants_refused: 'times that what the table says of tenants was not believed: it does not verify, or is older',
  tenants_left_out: 'tenants put at run time that a later deployment has shut out',
  suspension_age: 'of the oldest suspension that nobody ended and that does not end by itself',
} as const;

export type MetricName = keyof typeof metricMeanings;

/** Of an error: ours (`fault`), too many requests, the form, the client, a token, or what policy or STS says of the target. */
export const errorClasses = ['fault', 'throttled', 'input', 'client', 'token', 'policy'] as const;

export type ErrorClass = (typeof errorClasses)[number];

/** What a call can fail of. `issuer` is counted where its answer fails, whether or not the old keys serve. */
export const dependencies = ['issuer', 'kms', 'dynamodb', 'sts', 'deadline'] as const;

export type Dependency = (typeof dependencies)[number];

/** What one line measures. The values of `class` and `dependency` are few: each is a series, and a series costs. */
export type Measured = Readonly<Partial<Record<MetricName, number>>> & {
  readonly class?: ErrorClass;
  readonly dependency?: Dependency;
};

const finerDimensions: Readonly<Partial<Record<MetricName, readonly string[]>>> = {
  errors: ['service', 'class'],
  dependency_errors: ['service', 'dependency'],
};

const ofFunction = ['service'];

/** The names of a metric's dimensions, as CloudWatch has them. */
export function dimensionsOf(name: MetricName): readonly string[] {
  return finerDimensions[name] ?? ofFunction;
}

/** A unit costs bytes of every line: where it is left out, CloudWatch says `None`. */
function unitOf(name: MetricName): 'Milliseconds' | 'Seconds' | undefined {
  if (name === 'latency') return 'Milliseconds';
  return /_(latency|lag|age)$/.test(name) ? 'Seconds' : undefined;
}

/**
 * The members that make a log line a document of CloudWatch's embedded metric format: the values, and in `_aws` what they are.
 * @param timestamp milliseconds since the epoch
 * @see [the specification](https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html)
 */
export function embeddedMetrics(namespace: string, timestamp: number, measured: Measured) {
  const { class: _, dependency: __, ...values } = measured;
  const names = Object.keys(values) as MetricName[];
  const directives = [...new Set(names.map(dimensionsOf))].map((dimensions) => ({
    Namespace: namespace,
    Dimensions: [dimensions],
    Metrics: names
      .filter((name) => dimensionsOf(name) === dimensions)
      .map((name) => ({ Name: name, Unit: unitOf(name) })),
  }));
  return { ...measured, _aws: { Timestamp: timestamp, CloudWatchMetrics: directives } };
}
