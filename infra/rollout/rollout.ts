// How a new version takes over: CodeDeploy shifts each alias `live` in steps, and an alarm takes it back.
import { Validations } from 'aws-cdk-lib';
import type { IAlarm } from 'aws-cdk-lib/aws-cloudwatch';
import { LambdaApplication, LambdaDeploymentConfig, LambdaDeploymentGroup } from 'aws-cdk-lib/aws-codedeploy';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import type { EndpointFunction } from '../endpoints/endpoint-function.ts';
import { PropsError } from '../props-error.ts';
import type { RolloutSpeed } from './rollout-speed.ts';
import { versionAlarm } from './version-alarm.ts';

export interface RolloutProps {
  readonly speed: RolloutSpeed;
  /** Whose aliases shift. */
  readonly functions: readonly EndpointFunction[];
  /** Those among them whose new version has an alarm of its own. */
  readonly watched: readonly EndpointFunction[];
  /** Others that take every alias back. */
  readonly alarms: readonly IAlarm[];
}

const configs: Readonly<Record<RolloutSpeed, typeof LambdaDeploymentConfig.ALL_AT_ONCE>> = {
  canary: LambdaDeploymentConfig.CANARY_10PERCENT_5MINUTES,
  linear: LambdaDeploymentConfig.LINEAR_10PERCENT_EVERY_1MINUTE,
  'at-once': LambdaDeploymentConfig.ALL_AT_ONCE,
};

/** Of one deployment group, by CodeDeploy. */
const maxAlarms = 10;

export class Rollout extends Construct {
  constructor(scope: Construct, id: string, { speed, functions, watched, alarms: given }: RolloutProps) {
    super(scope, id);
    const own = watched.map((each) => versionAlarm(this, each));
    const alarms = [...own, ...given];
    if (alarms.length > maxAlarms) {
      const most = maxAlarms - own.length;
      throw new PropsError(`a rollout watches ${most} alarms beside its own, and these are ${given.length}`);
    }
    const application = new LambdaApplication(this, 'Application');
    const role = new Role(this, 'Role', { assumedBy: new ServicePrincipal('codedeploy.amazonaws.com') });
    for (const statement of shiftStatements(functions)) role.addToPolicy(statement);
    for (const { node, live } of functions) {
      const group = new LambdaDeploymentGroup(this, node.id, {
        application,
        alias: live,
        deploymentConfig: configs[speed],
        alarms,
        // What gets out of trouble must not wait for the trouble to end.
        ignoreAlarmConfiguration: speed === 'at-once',
        autoRollback: { failedDeployment: true, stoppedDeployment: true, deploymentInAlarm: speed !== 'at-once' },
        // As it is: CDK would add the managed policy, which may shift every alias of the account.
        role: role.withoutPolicyUpdates(),
      });
      // The role may shift, and the alarms watch the new version, before anything shifts.
      live.node.addDependency(group, role);
    }
    acknowledgeFindings(this);
  }
}

/**
 * What CodeDeploy needs to shift these aliases.
 * @see https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSCodeDeployRoleForLambdaLimited.html
 */
function shiftStatements(functions: readonly EndpointFunction[]): readonly PolicyStatement[] {
  const arns = functions.flatMap(({ function: { functionArn } }) => [functionArn, `${functionArn}:live`]);
  return [
    new PolicyStatement({
      actions: ['lambda:GetAlias', 'lambda:UpdateAlias', 'lambda:GetProvisionedConcurrencyConfig'],
      resources: arns,
    }),
    new PolicyStatement({ actions: ['cloudwatch:DescribeAlarms'], resources: ['*'] }),
  ];
}

function acknowledgeFindings(scope: Construct): void {
  Validations.of(scope).acknowledge({
    id: 'AwsSolutions-IAM5[Resource::*]',
    reason: 'CodeDeploy asks for the state of alarms by their names, in calls that name no resource.',
  });
}
