// The schedule on which keys and suspensions are measured: by the function that has the right to read them already.
import { Duration, Validations } from 'aws-cdk-lib';
import { Rule, RuleTargetInput, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import type { Alias, IFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';

export class Gauges extends Construct {
  /** @param suspensions the function of the suspensions */
  constructor(scope: Construct, id: string, suspensions: Alias) {
    super(scope, id);
    const event = RuleTargetInput.fromObject({ resource: 'gauges' });
    new Rule(this, 'Schedule', {
      description: 'Cambio: the age of signing keys and of suspensions is measured',
      schedule: Schedule.rate(Duration.minutes(15)),
      targets: [new LambdaFunction(suspensions as IFunction, { event, retryAttempts: 0 })],
    });
    Validations.of(this).acknowledge({
      id: 'Serverless-EventBusDLQ',
      reason: 'The next run, a quarter of an hour later, measures all that this one would have.',
    });
  }
}
