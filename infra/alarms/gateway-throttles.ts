// Counts what the API answers with 429 itself: the stage's rate, or the web ACL's. API Gateway counts every 4xx in one metric.
import { FilterPattern, type ILogGroup, MetricFilter } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { gatewayThrottled } from './alarm-definitions.ts';

export interface GatewayThrottlesProps {
  /** Of the functions' metrics. */
  readonly namespace: string;
  /** Of the API's stage. */
  readonly accessLogs: ILogGroup;
}

export class GatewayThrottles extends Construct {
  constructor(scope: Construct, id: string, { namespace, accessLogs }: GatewayThrottlesProps) {
    super(scope, id);
    new MetricFilter(this, 'Filter', {
      logGroup: accessLogs,
      // An answer of a function has no error of the gateway.
      filterPattern: FilterPattern.literal('{ ($.status = "429") && ($.gatewayError != "-") }'),
      metricNamespace: namespace,
      metricName: gatewayThrottled(namespace).name,
      metricValue: '1',
    });
  }
}
