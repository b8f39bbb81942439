// The schedule on which signing keys are made, signed with, and ended: by the function that serves /admin/keys.
import { Duration, Validations } from 'aws-cdk-lib';
import { Rule, RuleTargetInput, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import type { Alias, IFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';

export class KeyRotation extends Construct {
  constructor(scope: Construct, id: string, keys: Alias) {
    super(scope, id);
    const event = RuleTargetInput.fromObject({ resource: 'rotation' });
    new Rule(this, 'Schedule', {
      description: 'Cambio: signing keys are rotated',
      schedule: Schedule.rate(Duration.minutes(15)),
      targets: [new LambdaFunction(keys as IFunction, { event, retryAttempts: 0 })],
    });
    Validations.of(this).acknowledge({
      id: 'Serverless-EventBusDLQ',
      reason: 'The next run, a quarter of an hour later, takes every step that this one would have.',
    });
  }
}
