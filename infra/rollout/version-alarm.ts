// The alarm of the version that was deployed last: crashes and 5xx answers of it alone, however few requests it gets yet. The other
// alarms see all versions together, and among those a tenth that fails is easily lost.
import { Duration } from 'aws-cdk-lib';
import { Alarm, ComparisonOperator, MathExpression, Metric, Stats, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { FilterPattern, MetricFilter } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { EndpointFunction } from '../endpoints/endpoint-function.ts';

/** Percent of a version's requests in one minute. */
const threshold = 1;
const namespace = 'Cambio/Rollout';
const minute = { period: Duration.minutes(1), statistic: Stats.SUM };

/** @param scope where the alarm and its metric filter are made, under the function's id */
export function versionAlarm(scope: Construct, watched: EndpointFunction): Alarm {
  const { node, live, logGroup } = watched;
  const { functionName } = watched.function;
  const room = new Construct(scope, `${node.id}Version`);
  const { version } = live.version;
  const filter = new MetricFilter(room, 'Failed', {
    logGroup,
    filterPattern: FilterPattern.literal(failedBy(version)),
    metricNamespace: namespace,
    metricName: functionName,
    metricValue: '1',
  });
  const lambda = (metricName: string) =>
    new Metric({
      ...minute,
      namespace: 'AWS/Lambda',
      metricName,
      dimensionsMap: { FunctionName: functionName, Resource: `${functionName}:live`, ExecutedVersion: version },
    });
  const failing = new MathExpression({
    // A sum leaves out what has no datapoint; FILL is not documented to fill a metric that never had one, as of a function that never failed.
    expression: '100 * SUM([crashed, failed]) / requests',
    usingMetrics: {
      requests: lambda('Invocations'),
      crashed: lambda('Errors'),
      failed: new Metric({ ...minute, namespace, metricName: functionName }),
    },
    period: minute.period,
    label: 'percent that failed',
  });
  const alarm = new Alarm(room, 'Alarm', {
    alarmDescription: `Cambio: of the requests to the newest version of ${node.id} more than 1 % crash or are answered with 5xx. While it is rolled out it is taken back; later, deploy the version before it (docs/decisions/rollout.md).`,
    metric: failing,
    threshold,
    comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
    // One minute of three: metrics come late, a filter's last.
    evaluationPeriods: 3,
    datapointsToAlarm: 1,
    // No requests, no failures.
    treatMissingData: TreatMissingData.NOT_BREACHING,
  });
  // The rollout waits for its alarm, and so for what the alarm counts.
  alarm.node.addDependency(filter);
  return alarm;
}

/** Lines of `failureOf`, which say the version where they are errors. */
function failedBy(version: string): string {
  const codes = ['server_error', 'temporarily_unavailable'].map((code) => `($.event.error = "${code}")`);
  return `{ ($.function_version = "${version}") && (${codes.join(' || ')}) }`;
}
