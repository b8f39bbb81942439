// The dashboards of a deployment.
import { Aws, Stack } from 'aws-cdk-lib';
import { CfnDashboard } from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import { type DashboardNames, dashboardWidgets } from './widgets.ts';

export interface DashboardsProps extends Omit<DashboardNames, 'region'> {
  /** How their names begin. */
  readonly prefix: string;
}

export class Dashboards extends Construct {
  constructor(scope: Construct, id: string, { prefix, ...names }: DashboardsProps) {
    super(scope, id);
    for (const [name, widgets] of Object.entries(dashboardWidgets({ ...names, region: Aws.REGION }))) {
      const dashboardBody = Stack.of(this).toJsonString({ widgets });
      // A dot is in no name of a dashboard, and the account has one of a name, in whatever Region.
      const dashboardName = `${`${prefix}-${name}`.replaceAll('.', '-')}-${Aws.REGION}`;
      new CfnDashboard(this, name, { dashboardName, dashboardBody });
    }
  }
}
